"""The two ways in which a statement gives no result; both are sentences for the model and the user.

SigmaSightError
├── StatementRefused    the guard or the planner's estimate does not let it run
└── StatementFailed     it ran, and the database reported an error

No text of the server is in a message, except names that the statement itself contains.
"""

from warehouse.errors import SigmaSightError


class StatementRefused(SigmaSightError):  # noqa: N818 - a result of the check, not a fault
    """The statement is not run. code: the kind of refusal, stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StatementFailed(SigmaSightError):  # noqa: N818 - as above
    """The statement was run and failed. code: the kind of failure, stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
