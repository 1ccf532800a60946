"""The errors of the API: one class per stable code.

SigmaSightError
└── Problem                     status, code and title belong to the class; detail is a sentence for the user
    ├── NotAuthenticated        401  no access token was sent
    ├── TokenInvalid            401  the token is not valid, or its session or user is gone
    ├── TokenExpired            401  log in again
    ├── InvalidCredentials      401  the email or the password is wrong, without saying which
    ├── RefreshInvalid          401  the refresh token is not valid, has expired, or was used before
    ├── NotPermitted            403  only for users with the admin flag
    ├── OriginRefused           403  a page of another site asks
    ├── PathNotFound            404  no such path
    ├── PortfolioNotFound       404  no such portfolio, or not this user's: the same response
    ├── PositionsNotFound       404  none of the positions exists, or none is this user's
    ├── TagNotFound             404  no such tag on this user's positions
    ├── TargetPriceNotFound     404  no such target price in force, or not this user's
    ├── MartNotFound            404  no mart with this name
    ├── ConversationNotFound    404  no such conversation, or not this user's
    ├── MessageNotFound         404  no such finished answer, or not this user's
    ├── FeedbackNotFound        404  the answer has no feedback
    ├── MemoryNotFound          404  no such memory, or not this user's
    ├── InsightNotFound         404  no such briefing, or not this user's
    ├── MethodNotAllowed        405  the warehouse is read-only
    ├── RequestTimedOut         408  the headers or the body did not arrive in time
    ├── ConversationBusy        409  another answer of the conversation is being written
    ├── RequestTooLarge         413  the body exceeds the size limit
    ├── UrlTooLong              414  the URL exceeds the size limit
    ├── HeadersTooLarge         431  the headers exceed the size limit
    ├── RequestRefused          4xx  any other error of the HTTP layer
    ├── InvalidRequest          422  a parameter or the body is not valid
    ├── DateBeforeHistory       422  the as_of_date is before the first published session
    ├── InstantBeforeHistory    422  the published_at is before the first publication
    ├── TradeRefused            422  a trade of a what-if cannot be made
    ├── TooManyTrades           422  a what-if has more trades than WHAT_IF_TRADES
    ├── MemoryLimitReached      422  the user has as many memories as they may have
    ├── TooManyAttempts         429  too many login attempts from an address or on an account
    ├── ChatLimitReached        429  too many messages, tokens or answers at the same time
    ├── RequestLimitReached     429  too many requests of a user or an address, a minute or at the same time
    ├── TooManyConnections      503  more connections than API_CONNECTIONS
    ├── InternalError           500  unexpected error; the log has the details
    ├── FormatUnavailable       501  the server lacks the extra that writes this format
    ├── McpUnavailable          501  the server lacks the extra with the tools for assistants
    ├── AnswerFailed            502  the model gave no answer
    ├── NothingPublished        503  no build has been published yet
    ├── UpgradeNeeded           503  the warehouse is of another version than the API
    ├── LineageUnavailable      503  dbt's manifest cannot be read
    ├── QueryTimedOut           503  the statement exceeded the API's time limit
    ├── ChatUnavailable         503  the chat is off, or its database cannot be reached
    └── WarehouseUnavailable    503  the database cannot be reached

Codes are stable: a client may switch on them. Bodies are RFC 9457 problem documents, written by
api.http.problems.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from warehouse.errors import SigmaSightError

__all__ = [
    "CATALOGUE",
    "AnswerFailed",
    "ChatLimitReached",
    "ChatUnavailable",
    "ConversationBusy",
    "ConversationNotFound",
    "DateBeforeHistory",
    "FeedbackNotFound",
    "FormatUnavailable",
    "HeadersTooLarge",
    "InsightNotFound",
    "InstantBeforeHistory",
    "InternalError",
    "InvalidCredentials",
    "InvalidRequest",
    "LineageUnavailable",
    "MartNotFound",
    "McpUnavailable",
    "MemoryLimitReached",
    "MemoryNotFound",
    "MessageNotFound",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotPermitted",
    "NothingPublished",
    "OriginRefused",
    "PathNotFound",
    "PortfolioNotFound",
    "PositionsNotFound",
    "Problem",
    "QueryTimedOut",
    "RefreshInvalid",
    "RequestLimitReached",
    "RequestRefused",
    "RequestTimedOut",
    "RequestTooLarge",
    "TagNotFound",
    "TargetPriceNotFound",
    "TokenExpired",
    "TokenInvalid",
    "TooManyAttempts",
    "TooManyConnections",
    "TooManyTrades",
    "TradeRefused",
    "UpgradeNeeded",
    "UrlTooLong",
    "WarehouseUnavailable",
]

BEARER_CHALLENGE = 'Bearer realm="sigmasight"'


class Problem(SigmaSightError):  # noqa: N818 - the name that RFC 9457 gives it
    """An error that is reported to the client.

    detail: the sentence that the frontend displays. members: further members of the body (RFC 9457, 3.2).
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    default_detail: ClassVar[str]
    challenge: ClassVar[str | None] = None

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        self.detail = detail or self.default_detail
        self.members: Mapping[str, Any] = members
        super().__init__(self.detail)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the error response."""
        return {} if self.challenge is None else {"WWW-Authenticate": self.challenge}


class NotAuthenticated(Problem):
    status = 401
    code = "not_authenticated"
    title = "Not logged in"
    default_detail = "Log in first: send the access token of POST /api/v1/auth/login as a Bearer token."
    challenge = BEARER_CHALLENGE


class TokenInvalid(Problem):
    status = 401
    code = "token_invalid"
    title = "The access token is not valid"
    default_detail = "This access token is not valid here; log in again."
    challenge = f'{BEARER_CHALLENGE}, error="invalid_token"'


class TokenExpired(Problem):
    status = 401
    code = "token_expired"
    title = "The access token has expired"
    default_detail = "Your session has ended; log in again."
    challenge = f'{BEARER_CHALLENGE}, error="invalid_token", error_description="expired"'


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = "Login refused"
    default_detail = "The email or the password is wrong."
    challenge = BEARER_CHALLENGE


class RefreshInvalid(Problem):
    status = 401
    code = "refresh_invalid"
    title = "The session cannot be continued"
    default_detail = "This session has ended or its refresh token was used before; log in again."
    challenge = f'{BEARER_CHALLENGE}, error="invalid_token"'


class NotPermitted(Problem):
    status = 403
    code = "not_permitted"
    title = "Not permitted"
    default_detail = "Only administrators see this; `sigmasight users set-admin EMAIL` makes one."


class OriginRefused(Problem):
    status = 403
    code = "origin_refused"
    title = "Origin refused"
    default_detail = "Pages of this site may not use the endpoint; API_CORS_ORIGINS names those that may."


class PathNotFound(Problem):
    status = 404
    code = "path_not_found"
    title = "No such path"
    default_detail = "This path does not exist; /api/v1/docs lists every path."


class PortfolioNotFound(Problem):
    status = 404
    code = "portfolio_not_found"
    title = "No such portfolio"
    default_detail = "You have no portfolio with this id; GET /api/v1/data/portfolios lists yours."


class PositionsNotFound(Problem):
    status = 404
    code = "positions_not_found"
    title = "No such positions"
    default_detail = "You have no positions with these ids; GET a portfolio to see the ids of its positions."


class TagNotFound(Problem):
    status = 404
    code = "tag_not_found"
    title = "No such tag"
    default_detail = "None of your positions had this tag by this date; GET /api/v1/tags/ lists your tags."


class TargetPriceNotFound(Problem):
    status = 404
    code = "target_price_not_found"
    title = "No such target price"
    default_detail = (
        "You have no such target price in force; GET /api/v1/target-prices/{portfolio_id} lists yours."
    )


class MartNotFound(Problem):
    status = 404
    code = "mart_not_found"
    title = "No such mart"
    default_detail = "There is no mart with this name."


class ConversationNotFound(Problem):
    status = 404
    code = "conversation_not_found"
    title = "No such conversation"
    default_detail = "You have no conversation with this id; GET /api/v1/chat/conversations lists yours."


class MessageNotFound(Problem):
    status = 404
    code = "message_not_found"
    title = "No such message"
    default_detail = "You have no finished answer with this id; GET a conversation to see its messages."


class FeedbackNotFound(Problem):
    status = 404
    code = "feedback_not_found"
    title = "No feedback"
    default_detail = "You have given no feedback on this answer."


class MemoryNotFound(Problem):
    status = 404
    code = "memory_not_found"
    title = "No such memory"
    default_detail = "You have no memory with this id; GET /api/v1/chat/memories lists yours."


class InsightNotFound(Problem):
    status = 404
    code = "insight_not_found"
    title = "No such briefing"
    default_detail = "You have no briefing with this id; GET /api/v1/insights/portfolio/{id} lists yours."


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"
    default_detail = "This path does not support this method; the API is read-only."


class RequestTimedOut(Problem):
    status = 408
    code = "request_timed_out"
    title = "The request took too long to arrive"
    default_detail = "The headers or the body of the request did not arrive in time; send the request again."


class ConversationBusy(Problem):
    status = 409
    code = "conversation_busy"
    title = "An answer is being written"
    default_detail = "The last question of this conversation is still being answered; wait for its end."


class RequestTooLarge(Problem):
    status = 413
    code = "request_too_large"
    title = "The request is too large"
    default_detail = "The body of the request exceeds the size limit; send less."


class UrlTooLong(Problem):
    status = 414
    code = "url_too_long"
    title = "The URL is too long"
    default_detail = "The URL of the request exceeds the size limit; name less in one request."


class HeadersTooLarge(Problem):
    status = 431
    code = "headers_too_large"
    title = "The headers are too large"
    default_detail = "The headers of the request exceed the size limit; send less, or delete cookies."


class RequestRefused(Problem):
    status = 400
    code = "request_refused"
    title = "Request refused"
    default_detail = "The request could not be read as HTTP with JSON; check its headers and body."


class InvalidRequest(Problem):
    status = 422
    code = "invalid_request"
    title = "A parameter is not valid"
    default_detail = "Check the parameters and the body of the request."


class DateBeforeHistory(Problem):
    status = 422
    code = "date_before_history"
    title = "The date is before the published history"
    default_detail = "Nothing is published for this as_of_date; ask for a later one, or leave it out."


class InstantBeforeHistory(Problem):
    status = 422
    code = "instant_before_history"
    title = "The instant is before the first publication"
    default_detail = "Nothing was published yet at this published_at; ask for a later one, or leave it out."


class TradeRefused(Problem):
    """members: trades, a list of place (from 1), symbol, reason and message."""

    status = 422
    code = "trade_refused"
    title = "A trade cannot be made"
    default_detail = "A trade of the what-if cannot be made; each one in trades says why."


class TooManyTrades(Problem):
    status = 422
    code = "too_many_trades"
    title = "Too many trades"
    default_detail = "The what-if has more trades than are allowed; ask with fewer."


class MemoryLimitReached(Problem):
    status = 422
    code = "memory_limit_reached"
    title = "Too many memories"
    default_detail = "You have as many memories as you may have; delete one before you add another."


class TryLater:
    """Of problems of a limit that is reached; `retry_after`: seconds until the next request is accepted."""

    status = 429
    members: Mapping[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After: those seconds."""
        return {"Retry-After": str(self.members.get("retry_after", 60))}


class TooManyAttempts(TryLater, Problem):
    code = "too_many_attempts"
    title = "Too many attempts to log in"
    default_detail = "There were too many attempts to log in; try again when Retry-After has passed."


class ChatLimitReached(TryLater, Problem):
    code = "chat_limit_reached"
    title = "A limit of the chat is reached"
    default_detail = "You have reached a limit of the chat; try again when Retry-After has passed."


class RequestLimitReached(TryLater, Problem):
    code = "request_limit_reached"
    title = "Too many requests"
    default_detail = "You have sent too many requests; try again when Retry-After has passed."


class TooManyConnections(Problem):
    status = 503
    code = "too_many_connections"
    title = "Too many connections"
    default_detail = "The server has as many connections as it accepts; try again in a few seconds."

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After in seconds."""
        return {"Retry-After": "5"}


class InternalError(Problem):
    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"
    default_detail = "The request failed; try again, and report the instance id if the error persists."


class AnswerFailed(Problem):
    status = 502
    code = "answer_failed"
    title = "The model gave no answer"
    default_detail = "The model could not complete this answer; try again in a while."


class NothingPublished(Problem):
    status = 503
    code = "nothing_published"
    title = "Nothing is published yet"
    default_detail = "The warehouse holds no published numbers yet; run `sigmasight nightly`, then try again."


class UpgradeNeeded(Problem):
    status = 503
    code = "upgrade_needed"
    title = "The warehouse is of another version"
    default_detail = "The warehouse is of another version than the API: run `sigmasight upgrade`."

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After in seconds: an upgrade takes about a minute."""
        return {"Retry-After": "60"}


class LineageUnavailable(Problem):
    status = 503
    code = "lineage_unavailable"
    title = "The lineage is not available"
    default_detail = "dbt's manifest cannot be read at DBT_MANIFEST; the next build writes a new one."


class QueryTimedOut(Problem):
    status = 503
    code = "query_timed_out"
    title = "The query took too long"
    default_detail = "The query exceeded the time limit; ask for fewer days or positions, or try again."


class FormatUnavailable(Problem):
    status = 501
    code = "format_unavailable"
    title = "The format is not available"
    default_detail = (
        "This server cannot write PDF: install the extra with `pip install 'sigmasight[pdf]'`, or ask for "
        "format=html, which prints."
    )


class McpUnavailable(Problem):
    status = 501
    code = "mcp_unavailable"
    title = "The Model Context Protocol is not available"
    default_detail = (
        "This server has no tools for assistants: install the extra with `pip install 'sigmasight[mcp]'`, "
        "and start the API again."
    )


class ChatUnavailable(Problem):
    status = 503
    code = "chat_unavailable"
    title = "The chat is not available"
    default_detail = (
        "The chat is off: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server of your own with any key; "
        "an API that runs reads it when it is started again."
    )


class WarehouseUnavailable(Problem):
    status = 503
    code = "warehouse_unavailable"
    title = "The warehouse is not available"
    default_detail = "The database cannot be reached at the moment; try again in a few seconds."

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After in seconds: the pool reconnects on the next request."""
        return {"Retry-After": "5"}


CATALOGUE: tuple[type[Problem], ...] = (
    NotAuthenticated,
    TokenInvalid,
    TokenExpired,
    InvalidCredentials,
    RefreshInvalid,
    NotPermitted,
    OriginRefused,
    PathNotFound,
    PortfolioNotFound,
    PositionsNotFound,
    TagNotFound,
    TargetPriceNotFound,
    MartNotFound,
    ConversationNotFound,
    MessageNotFound,
    FeedbackNotFound,
    MemoryNotFound,
    InsightNotFound,
    MethodNotAllowed,
    RequestTimedOut,
    ConversationBusy,
    RequestTooLarge,
    UrlTooLong,
    HeadersTooLarge,
    RequestRefused,
    InvalidRequest,
    DateBeforeHistory,
    InstantBeforeHistory,
    TradeRefused,
    TooManyTrades,
    MemoryLimitReached,
    TooManyAttempts,
    ChatLimitReached,
    RequestLimitReached,
    TooManyConnections,
    InternalError,
    FormatUnavailable,
    McpUnavailable,
    AnswerFailed,
    NothingPublished,
    UpgradeNeeded,
    LineageUnavailable,
    QueryTimedOut,
    ChatUnavailable,
    WarehouseUnavailable,
)
