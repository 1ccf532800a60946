"""Errors of the flows, a tree below warehouse.errors.SigmaSightError.

FlowError
├── BuildLockedError     another build holds the lock; the message names it
├── LockLostError        the connection that holds the build lock broke, so nothing can be published
├── OldLayoutError       the warehouse has the layout of another version; run `sigmasight upgrade`
├── WindowError          the dates asked for cannot be built
├── DiskSpaceError       the disk has too little space for the build
├── BuildError           dbt stopped, or a model or test failed; the message names each
│   └── BuildTimedOutError   the build took longer than BUILD_MINUTES
├── PortfoliosFailedError  a build failed for some portfolios only; the run builds the others without them
├── PortfolioWithheldError  the portfolio that a command builds is withheld, because its build fails
├── BackupError          a backup could not be written, read or restored
├── HistoryError         exported marts could not be written, read or queried
├── UnconfirmedStatementError  a statement looks wrong, and the user did not agree to load it
├── ChatFailedError      the chat could not answer
├── SourceGaveNothingError  the source of a nightly run gave nothing; what is stored was built all the same
├── ReportsFailedError   a night is published, but some of its reports could not be written
├── TradeRefusedError    a trade of a what-if cannot be made, or its portfolio is not published
├── ChannelError         an alarm could not be delivered over a channel
├── AlarmsBusyError      another process reports alarms, and does not end
├── OrchestratorError    a Prefect server did not start, or cannot be reached
└── UsageError           a command-line argument is not valid
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from warehouse.errors import SigmaSightError


class FlowError(SigmaSightError):
    """Base of everything that stops a flow."""


class BuildLockedError(FlowError):
    """Another build holds the lock."""


class LockLostError(FlowError):
    """The connection that holds the build lock broke."""


class OldLayoutError(FlowError):
    """The warehouse has the layout of another version than the code."""


class WindowError(FlowError):
    """The dates asked for cannot be built."""


class DiskSpaceError(FlowError):
    """The disk has too little space for the build."""


class BuildError(FlowError):
    """dbt stopped, or a model or test failed. report: the BuildReport of what it did, if it got that far."""

    def __init__(self, message: str, report: Any = None) -> None:
        self.report = report
        super().__init__(message)


class PortfoliosFailedError(FlowError):
    """A build failed for some portfolios only; `failures` holds the Failure of each."""

    def __init__(self, failures: Mapping[UUID, Any]) -> None:
        self.failures = failures
        noun = "portfolio" if len(failures) == 1 else "portfolios"
        super().__init__(f"The build fails for {len(failures)} {noun}.")


class PortfolioWithheldError(FlowError):
    """The portfolio that a command builds is withheld, because its build fails."""

    exit_code = 5


class BuildTimedOutError(BuildError):
    """The build took longer than BUILD_MINUTES, and was ended."""


class BackupError(FlowError):
    """A backup could not be written, read or restored."""


class HistoryError(FlowError):
    """Exported marts could not be written, read or queried."""


class SourceGaveNothingError(FlowError):
    """The source of a nightly run gave nothing; what is stored was built all the same."""

    exit_code = 3


class ReportsFailedError(FlowError):
    """A night is published, but some of its reports could not be written; `failed` says which and why."""

    exit_code = 4

    def __init__(self, failed: Sequence[str]) -> None:
        self.failed = tuple(failed)
        lines = "\n".join(f"  {one}" for one in failed)
        super().__init__(
            f"The figures are published, but these reports were not written:\n{lines}\n"
            "Run the command again, or `sigmasight report NAME` for one of them."
        )


class UnconfirmedStatementError(FlowError):
    """A statement looks wrong, and the user did not agree to load it; `errors` holds what was asked."""

    def __init__(self, path: Path, asked: Sequence[Any]) -> None:
        self.errors = tuple(asked)
        lines = "\n".join(f"  {one}" for one in asked)
        super().__init__(
            f"{path} was not loaded, because this looks wrong:\n{lines}\n"
            "Correct it, or load it as it is with --yes."
        )


class TradeRefusedError(FlowError):
    """A trade of a what-if cannot be made, or its portfolio is not published."""


class ChannelError(FlowError):
    """An alarm could not be delivered over a channel; the message says why, and holds no secret."""


class AlarmsBusyError(FlowError):
    """Another process reports alarms, and does not end."""


class OrchestratorError(FlowError):
    """A Prefect server did not start, or cannot be reached."""


class ChatFailedError(FlowError):
    """The chat could not answer; the message is its sentence."""


class UsageError(FlowError):
    """A command-line argument is not valid."""
