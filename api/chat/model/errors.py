"""Failures of the model, told apart by what a caller can do. No text of the vendor is kept in them."""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Final, Literal

from warehouse.errors import SigmaSightError

if TYPE_CHECKING:
    from openai import APIError

ErrorType = Literal["AUTH_EXPIRED", "RATE_LIMITED", "NETWORK_ERROR", "SERVER_ERROR", "FATAL_ERROR"]

QUOTA_CODES: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
RATE_CODES: Final = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})
SERVER_CODES: Final = frozenset({"server_error", "internal_error", "overloaded", "overloaded_error"})
TRANSIENT_STATUSES: Final = frozenset({408, 409, 425})
LONGEST_WAIT: Final = 86_400

BUSY = "The model takes no more requests at the moment; try again in a while."
DOWN = "The model failed to answer; try again."
LOST = "The connection to the model was lost; try again."
UNREACHABLE = "The model's server is not reached; try again, or ask the operator to check OPENAI_BASE_URL."
SILENT = "The model did not answer in time; try again."
QUOTA = "The account of this server with the model's vendor is used up; ask its operator."
KEY = "The model refused the key of this server; ask its operator to check OPENAI_API_KEY."
UNKNOWN = "The model named in CHAT_MODEL is not available; ask the operator of this server."
REFUSED = "The model does not accept this request; shorten the question, or start a new conversation."


class ModelFailed(SigmaSightError):  # noqa: N818 - it says what happened
    """A call of the model that gave no answer.

    message: a sentence for the user. retryable: the same request may succeed later. retry_after: seconds, as
    the vendor says. use_fallback: another model may answer. cause: what the log says, without content.
    """

    def __init__(
        self,
        message: str,
        error_type: ErrorType,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        use_fallback: bool = False,
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.retryable = retryable
        self.retry_after = retry_after
        self.use_fallback = use_fallback or retryable
        self.cause = cause


def stream_lost(cause: str) -> ModelFailed:
    """The failure of a stream that ended before its response did."""
    return ModelFailed(LOST, "NETWORK_ERROR", retryable=True, cause=cause)


def too_large(cause: str) -> ModelFailed:
    """The failure of a response that is larger than an answer can be."""
    return ModelFailed(DOWN, "SERVER_ERROR", cause=cause)


def failure_of(error: Exception) -> ModelFailed:
    """Say what an error of the client means. Errors that are none of the client's become SERVER_ERROR."""
    # not before there is a client: it takes a second
    from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError  # noqa: PLC0415

    cause = type(error).__name__
    if isinstance(error, ModelFailed):
        return error
    if isinstance(error, APITimeoutError):
        # the client's transport also says so where the connection is refused, or the host has no address
        is_connected = type(error.__cause__).__name__ != "ConnectTimeout"
        sentence = SILENT if is_connected else UNREACHABLE
        return ModelFailed(sentence, "NETWORK_ERROR", retryable=True, cause=cause)
    if isinstance(error, APIConnectionError | json.JSONDecodeError | UnicodeDecodeError):
        return stream_lost(cause)
    if isinstance(error, APIStatusError):
        return _of_status(error.status_code, _code(error), retry_after_of(error.response.headers))
    if isinstance(error, APIError):
        return failure_of_code(_code(error))
    return ModelFailed(DOWN, "SERVER_ERROR", cause=cause)


def failure_of_code(code: str | None) -> ModelFailed:
    """Say what the code of an error within a stream means."""
    cause = f"code {code}"
    if code in QUOTA_CODES:
        return ModelFailed(QUOTA, "FATAL_ERROR", cause=cause)
    if code in RATE_CODES:
        return ModelFailed(BUSY, "RATE_LIMITED", retryable=True, cause=cause)
    if code is None or code in SERVER_CODES:
        return ModelFailed(DOWN, "SERVER_ERROR", retryable=True, cause=cause)
    return ModelFailed(REFUSED, "FATAL_ERROR", cause=cause)


def _of_status(status: int, code: str | None, retry_after: float | None) -> ModelFailed:
    cause = f"status {status}"
    if code in QUOTA_CODES:
        return ModelFailed(QUOTA, "FATAL_ERROR", use_fallback=False, cause=cause)
    if status == 429:  # noqa: PLR2004 - too many requests
        return ModelFailed(BUSY, "RATE_LIMITED", retryable=True, retry_after=retry_after, cause=cause)
    if status >= 500 or status in TRANSIENT_STATUSES:  # noqa: PLR2004 - the server's fault
        return ModelFailed(DOWN, "SERVER_ERROR", retryable=True, retry_after=retry_after, cause=cause)
    if 300 <= status < 400:  # noqa: PLR2004 - elsewhere, where nothing is sent
        return ModelFailed(UNREACHABLE, "NETWORK_ERROR", cause=cause)
    if status == 404:  # noqa: PLR2004 - no such model, or no such API
        return ModelFailed(UNKNOWN, "FATAL_ERROR", use_fallback=True, cause=cause)
    return ModelFailed(KEY if status in {401, 403} else REFUSED, "FATAL_ERROR", cause=cause)


def _code(error: "APIError") -> str | None:
    code = error.code or error.type
    return code if isinstance(code, str) else None


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date; None without a usable one."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _seconds_until(value)
        if 0 <= seconds <= LONGEST_WAIT:
            return seconds
    return None


def _seconds_until(date: str) -> float:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time())
    except (TypeError, ValueError):
        return -1.0
