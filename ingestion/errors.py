"""The exception tree of ingestion. Every message names the file or source, the row and the remedy.

SigmaSightError (warehouse.errors)
└── IngestionError
    ├── MalformedFileError      a file that does not have the expected format; nothing of it is loaded
    ├── InvalidPositionsFile    a positions file with errors, all of them at once (ERR_CSV_*, ERR_POS_*)
    ├── InvalidPortfolio        a portfolio's own fields (ERR_PORT_*)
    ├── InvalidUser             a new account's fields (ERR_USER_*)
    ├── UnknownUserError        there is no account with this e-mail address
    ├── UnknownPortfolioError   a file or command names a portfolio that was never loaded
    ├── InvalidEntryError       a single tag, target, benchmark, flow, mark or removal that cannot be stored
    ├── StatementOrderError     a statement older than the newest one of its portfolio
    ├── MixedSourcesError       simulated prices requested in a warehouse with real ones
    ├── SourceUnavailableError  no vendor answered, even after retries; the next run asks again
    ├── VendorError             a vendor has no answer for one symbol; recorded as a rejected row, not raised
    │   ├── NoDataError         the vendor does not know the symbol
    │   ├── NotEntitledError    the plan of the key does not cover the request
    │   └── VendorDownError     the same request may succeed a little later
    │       ├── GarbageError    an unreadable response: not JSON, or an unexpected structure
    │       └── KeyRefusedError the key is wrong
    ├── OpenTransactionError    a load was started on a connection that is inside a transaction
    └── LoadFailedError         the database refused or lost the rows; nothing was written
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingestion.wording import joined
from warehouse.errors import SigmaSightError


class IngestionError(SigmaSightError):
    """Base of all errors of ingestion."""


class MalformedFileError(IngestionError):
    """A file that does not have the expected format; nothing of it is loaded."""

    def __init__(
        self,
        path: Path,
        sentence: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """row: line number in a CSV file, row number in a Parquet file, both from 1."""
        self.path, self.row, self.column, self.value = path, row, column, value
        where = f"{path}" + (f", row {row}" if row is not None else "") + (f", {column}" if column else "")
        super().__init__(f"{where}: {sentence} Nothing of this file was loaded.")


@dataclass(frozen=True)
class FileFinding:
    """Something about a positions file; row is the line number in the file, None for the file as a whole."""

    code: str
    row: int | None
    field: str | None
    value: str | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.located} [{self.code}]"

    @property
    def located(self) -> str:
        """The sentence with its row."""
        return self.sentence if self.row is None else f"row {self.row}: {self.sentence}"


class PositionsFileError(FileFinding):
    """One error of a positions file."""


def once_each(errors: Sequence[PositionsFileError]) -> list[PositionsFileError]:
    """The first error of each message, which names the other rows that differ from it by value alone."""
    kinds: dict[tuple[str, str | None, str], tuple[PositionsFileError, list[int]]] = {}
    for error in errors:
        sentence = error.sentence.replace(error.value, "...") if error.value else error.sentence
        first = kinds.setdefault((error.code, error.field, sentence), (error, []))
        if first[0] is not error and error.row is not None:
            first[1].append(error.row)
    return [
        replace(error, sentence=f"{error.sentence} Also in row{'s'[: len(rows) - 1]} {joined(rows)}.")
        if rows
        else error
        for error, rows in kinds.values()
    ]


class InvalidPositionsFile(IngestionError):  # noqa: N818 - the name that users of the API and the command line know
    """A positions file with errors; `errors` holds all of them, in the order of the file."""

    def __init__(self, path: Path, errors: Sequence[PositionsFileError]) -> None:
        self.path, self.errors = path, tuple(errors)
        count = f"{len(self.errors)} error" + ("s" if len(self.errors) > 1 else "")
        shown = "\n".join(f"  {error}" for error in once_each(self.errors))
        super().__init__(f"{path} was not loaded, it has {count}:\n{shown}")


@dataclass(frozen=True)
class FieldError:
    """One error in a field that a user filled in."""

    code: str
    field: str
    value: str | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} [{self.code}]"


class _InvalidFields(IngestionError):  # noqa: N818 - the base of the two below
    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class InvalidPortfolio(_InvalidFields):
    """A portfolio's own fields are wrong or missing."""


class InvalidUser(_InvalidFields):
    """A new account's fields are wrong or missing."""


class UnknownUserError(IngestionError):
    """There is no account with this e-mail address."""


class InvalidEntryError(IngestionError):
    """A single tag, target, benchmark, flow, mark or removal that cannot be stored; nothing was written."""


class UnknownPortfolioError(IngestionError):
    """A file or command names a portfolio that was never loaded."""


class StatementOrderError(IngestionError):
    """A statement older than the newest one of its portfolio."""


class MixedSourcesError(IngestionError):
    """Simulated prices requested in a warehouse with real ones."""


class SourceUnavailableError(IngestionError):
    """No vendor answered, even after retries; the next run asks again.

    reports: of the loads that succeeded nevertheless (of rates, or of another vendor).
    """

    def __init__(self, message: str, reports: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.reports = tuple(reports)


class VendorError(IngestionError):
    """A vendor has no answer for one symbol. reason: a key of rejections.REASONS."""

    reason = "unavailable"


class NoDataError(VendorError):
    """The vendor does not know the symbol."""

    reason = "no_data"


class NotEntitledError(VendorError):
    """The plan of the key does not cover the request."""

    reason = "not_entitled"


class VendorDownError(VendorError):
    """The same request may succeed a little later; retry_after: seconds to wait, if the vendor says so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GarbageError(VendorDownError):
    """An unreadable response: not JSON, or JSON of an unexpected structure."""

    reason = "garbage"


class KeyRefusedError(VendorDownError):
    """The vendor rejected the key."""


class OpenTransactionError(IngestionError):
    """A load was started on a connection that is inside a transaction."""


class LoadFailedError(IngestionError):
    """The database refused or lost the rows; nothing was written."""
