"""What can go wrong while a flow runs, as a tree below warehouse.errors.SigmaSightError.

FlowError
├── BuildLockedError     another build holds the lock; the message names it
├── LockLostError        the connection that holds the build lock broke, so nothing may be published
├── OldLayoutError       an older version laid the warehouse out; `sigmasight upgrade` takes it over
├── WindowError          the dates asked for cannot be built
├── BuildError           dbt stopped, or a model or test failed; the message names each
├── BackupError          a backup could not be written, read or restored
├── OrchestratorError    a Prefect server did not start, or cannot be reached
└── UsageError           an argument of the command line cannot be used
"""

from warehouse.errors import SigmaSightError


class FlowError(SigmaSightError):
    """Base of everything that stops a flow."""


class BuildLockedError(FlowError):
    """Another build holds the lock."""


class LockLostError(FlowError):
    """The connection that holds the build lock broke."""


class OldLayoutError(FlowError):
    """An older version laid the warehouse out."""


class WindowError(FlowError):
    """The dates asked for cannot be built."""


class BuildError(FlowError):
    """dbt stopped, or a model or test failed."""


class BackupError(FlowError):
    """A backup could not be written, read or restored."""


class OrchestratorError(FlowError):
    """A Prefect server did not start, or cannot be reached."""


class UsageError(FlowError):
    """An argument of the command line cannot be used."""
