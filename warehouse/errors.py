"""The exception tree. Every message says what happened, where, and how to fix it.

SigmaSightError
├── SettingsError               an environment variable has a value that cannot be used
├── ForeignFolderError          a folder that is to be ours alone is somebody else's
└── WarehouseError
    ├── EmbeddedServerError     the embedded PostgreSQL could not be started or stopped
    ├── WarehouseUnavailableError   no connection to the database, or it was lost
    └── BootstrapError          the schemas and roles could not be created

The command line prints the message of any SigmaSightError and exits with its exit_code. No message holds a
password.
"""

from typing import ClassVar


class SigmaSightError(Exception):
    """Base of every error that is shown to users."""

    exit_code: ClassVar[int] = 1


class SettingsError(SigmaSightError):
    """An environment variable has a value that cannot be used."""


class ForeignFolderError(SigmaSightError):
    """A folder that is to be ours alone is somebody else's."""


class WarehouseError(SigmaSightError):
    """An error of the database itself."""


class EmbeddedServerError(WarehouseError):
    """The embedded PostgreSQL could not be started or stopped."""


class WarehouseUnavailableError(WarehouseError):
    """No connection to the database, or it was lost."""


class BootstrapError(WarehouseError):
    """The schemas and roles could not be created."""
