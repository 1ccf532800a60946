"""What can go wrong on the way in, as a tree. Every message names the file or source, the row and the remedy.

SigmaSightError (warehouse.errors)
└── IngestionError
    ├── MalformedFileError      a file that cannot be read as what it is said to be; nothing of it is loaded
    ├── InvalidPositionsFile    a positions file with errors, all of them at once (ERR_CSV_*, ERR_POS_*)
    ├── InvalidPortfolio        a portfolio's own fields (ERR_PORT_*)
    ├── InvalidUser             a new account's fields (ERR_USER_*)
    ├── UnknownUserError        there is no account of this e-mail address
    ├── UnknownPortfolioError   a file speaks of a portfolio that was never loaded
    ├── InvalidEntryError       a single tag, target, flow, mark or removal that cannot be stored
    ├── StatementOrderError     a statement older than the newest one of its portfolio
    ├── MixedSourcesError       simulated prices asked for in a warehouse of real ones
    ├── SourceUnavailableError  a provider gave no answer, also after retries; the next run asks again
    ├── VendorError             a vendor has no answer for one symbol; noted as a rejected row, never raised
    further │   ├── NoDataError         it knows nothing of the symbol
    │   ├── NotEntitledError    the plan of the key does not cover it
    │   └── VendorDownError     it may answer the same question a little later
    │       ├── GarbageError    what came back is no answer: no JSON, or another shape
    │       └── KeyRefusedError the key is wrong
    ├── OpenTransactionError    a load was begun on a connection that is inside a transaction
    └── LoadFailedError         the database refused or lost the rows; nothing of them was written
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import SigmaSightError


class IngestionError(SigmaSightError):
    """Base of everything that goes wrong on the way in."""


class MalformedFileError(IngestionError):
    """A file that cannot be read as what it is said to be; nothing of it is loaded."""

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
class PositionsFileError:
    """One error of a positions file; row is the line number in the file, None for the file as a whole."""

    code: str
    row: int | None
    field: str | None
    value: str | None
    sentence: str

    def __str__(self) -> str:
        where = f"row {self.row}: " if self.row is not None else ""
        return f"{where}{self.sentence} [{self.code}]"


class InvalidPositionsFile(IngestionError):  # noqa: N818 - the name the API's and the command line's users know
    """A positions file with errors; `errors` holds all of them, in the order of the file."""

    def __init__(self, path: Path, errors: Sequence[PositionsFileError]) -> None:
        self.path, self.errors = path, tuple(errors)
        count = f"{len(self.errors)} error" + ("s" if len(self.errors) > 1 else "")
        super().__init__(
            f"{path} was not loaded, it has {count}:\n" + "\n".join(f"  {error}" for error in self.errors)
        )


@dataclass(frozen=True)
class FieldError:
    """One error of a field that a person filled in."""

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
    """There is no account of this e-mail address."""


class InvalidEntryError(IngestionError):
    """A single tag, target, flow, mark or removal that cannot be stored; nothing was written."""


class UnknownPortfolioError(IngestionError):
    """A file speaks of a portfolio that was never loaded."""


class StatementOrderError(IngestionError):
    """A statement older than the newest one of its portfolio."""


class MixedSourcesError(IngestionError):
    """Simulated prices asked for in a warehouse of real ones."""


class SourceUnavailableError(IngestionError):
    """A provider gave no answer, also after retries; the next run asks again.

    reports: of the loads that were done all the same (of rates, or of another provider).
    """

    def __init__(self, message: str, reports: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.reports = tuple(reports)


class VendorError(IngestionError):
    """A vendor has no answer for one symbol. reason: a name out of rejections.REASONS."""

    reason = "unavailable"


class NoDataError(VendorError):
    """The vendor knows nothing of the symbol."""

    reason = "no_data"


class NotEntitledError(VendorError):
    """The plan of the key does not cover what was asked for."""

    reason = "not_entitled"


class VendorDownError(VendorError):
    """The vendor may answer the same question a little later; retry_after: in so many seconds, if it says."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GarbageError(VendorDownError):
    """What came back is no answer: no JSON, or JSON of another shape."""

    reason = "garbage"


class KeyRefusedError(VendorDownError):
    """The vendor does not know the key."""


class OpenTransactionError(IngestionError):
    """A load was begun on a connection that is inside a transaction."""


class LoadFailedError(IngestionError):
    """The database refused or lost the rows; nothing of them was written."""
