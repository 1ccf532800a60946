"""What a user is told when an answer fails: the contract's kinds of error, and a sentence of ours."""

import logging
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from api.chat.error_log import log_error
from api.chat.model.errors import ErrorType, ModelFailed
from api.chat.store.runs import RunEndedError
from api.http.errors import Problem

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Why there is no answer. message: for the user, without any text of the vendor, server or database."""

    error_type: ErrorType
    message: str
    retryable: bool = False
    retry_after: float | None = None

    def data(self) -> dict[str, Any]:
        """The data of the error event."""
        told: dict[str, Any] = {
            "message": self.message,
            "error": self.message,
            "error_type": self.error_type,
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            told["retry_after"] = max(1, round(self.retry_after))
        return told


GONE: Final = Failure("NETWORK_ERROR", "The answer was cancelled.", retryable=True)
SHUTDOWN: Final = Failure(
    "SERVER_ERROR", "The server is restarting; send the question again.", retryable=True, retry_after=10
)
DATABASE: Final = Failure(
    "SERVER_ERROR", "The database cannot be reached at the moment; try again.", retryable=True, retry_after=5
)
UNEXPECTED: Final = Failure(
    "SERVER_ERROR", "The answer failed on our side; try again, or ask in another way.", retryable=True
)
EMPTY: Final = Failure("SERVER_ERROR", "The model gave no answer; try again.", retryable=True)
ENDLESS: Final = Failure(
    "FATAL_ERROR", "The question needs more steps than one answer may take; ask for less at once."
)
DELETED: Final = Failure("FATAL_ERROR", "This conversation was deleted; begin a new one.")
FILTERED: Final = Failure("FATAL_ERROR", "The model's vendor withheld this answer; ask in another way.")


def too_slow(seconds: float) -> Failure:
    """The failure of an answer that takes too long."""
    return Failure(
        "SERVER_ERROR",
        f"The answer took longer than {seconds:g} seconds; ask for less at once.",
        retryable=True,
    )


def too_long(tokens: int) -> Failure:
    """The failure of an answer that used up its tokens before any text."""
    return Failure("FATAL_ERROR", f"The answer needs more than {tokens} tokens; ask for less at once.")


class AnswerFailedError(Exception):
    """Ends a run with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_for(error: Exception) -> Failure:
    """Say what an exception means to the user. What is unexpected is logged with its trace."""
    if isinstance(error, AnswerFailedError):
        return error.failure
    if isinstance(error, RunEndedError):
        return DELETED
    if isinstance(error, ModelFailed):
        return Failure(error.error_type, error.message, error.retryable, error.retry_after)
    if isinstance(error, Problem):
        kind: ErrorType = "SERVER_ERROR" if error.status >= 500 else "FATAL_ERROR"  # noqa: PLR2004
        return Failure(kind, error.detail, retryable=error.status >= 500)  # noqa: PLR2004
    if isinstance(error, psycopg.OperationalError | PoolTimeout | TooManyRequests):
        logger.warning("an answer failed: %s", type(error).__name__)
        return DATABASE
    log_error(logger, "an answer failed", error)
    return UNEXPECTED
