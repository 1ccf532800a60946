"""What can go wrong, as a tree. Every message is a sentence: what happened, where, and how to mend it.

SigmaSightError
├── SettingsError               an environment variable has a value that cannot be used
└── WarehouseError
    ├── EmbeddedServerError     the embedded PostgreSQL could not be started or stopped
    ├── WarehouseUnavailableError   no connection to the database, or it was lost
    └── BootstrapError          the schemas and roles could not be laid down

The command line prints the message of any SigmaSightError and exits with 1. No message holds a password.
"""


class SigmaSightError(Exception):
    """Base of every error a person is meant to read."""


class SettingsError(SigmaSightError):
    """An environment variable has a value that cannot be used."""


class WarehouseError(SigmaSightError):
    """Something about the database itself."""


class EmbeddedServerError(WarehouseError):
    """The embedded PostgreSQL could not be started or stopped."""


class WarehouseUnavailableError(WarehouseError):
    """No connection to the database, or it was lost."""


class BootstrapError(WarehouseError):
    """The schemas and roles could not be laid down."""
