"""Everything the API says when it cannot answer: one class per stable code.

SigmaSightError
└── Problem                     status, code and title are the class; detail is the sentence for a person
    ├── NotAuthenticated        401  no access token was sent
    ├── TokenInvalid            401  the token is not one of ours, or its user is gone
    ├── TokenExpired            401  log in again
    ├── InvalidCredentials      401  login refused, without saying which of the two was wrong
    ├── RefreshInvalid          401  the refresh token is not one of ours, has ended, or was used before
    ├── NotPermitted            403  only for users with the admin flag
    ├── PathNotFound            404  no such path
    ├── PortfolioNotFound       404  no such portfolio, or not this user's: the same answer
    ├── PositionsNotFound       404  none of the positions exists, or none is this user's
    ├── TagNotFound             404  no such tag on this user's positions
    ├── TargetPriceNotFound     404  no such target price in force, or not this user's
    ├── MartNotFound            404  no mart of this name
    ├── MethodNotAllowed        405  the warehouse is read-only
    ├── RequestTooLarge         413  a body beyond what any path takes
    ├── RequestRefused          4xx  any other refusal by the HTTP layer
    ├── InvalidRequest          422  a parameter or the body does not hold what it should
    ├── DateBeforeHistory       422  the as_of_date lies before the first published session
    ├── InstantBeforeHistory    422  nothing was published yet at the published_at
    ├── TooManyAttempts         429  too many logins from an address, or wrong ones into an account
    ├── InternalError           500  our fault; the log has the rest
    ├── NothingPublished        503  no build has been published yet
    ├── LineageUnavailable      503  dbt's manifest is not where the API looks for it
    ├── QueryTimedOut           503  the statement ran into the API's time limit
    └── WarehouseUnavailable    503  the database does not answer

Codes are stable: a client may switch on them. Bodies are RFC 9457 `application/problem+json`, written by
api.http.problems.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from warehouse.errors import SigmaSightError

__all__ = [
    "CATALOGUE",
    "DateBeforeHistory",
    "InstantBeforeHistory",
    "InternalError",
    "InvalidCredentials",
    "InvalidRequest",
    "LineageUnavailable",
    "MartNotFound",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotPermitted",
    "NothingPublished",
    "PathNotFound",
    "PortfolioNotFound",
    "PositionsNotFound",
    "Problem",
    "QueryTimedOut",
    "RefreshInvalid",
    "RequestRefused",
    "RequestTooLarge",
    "TagNotFound",
    "TargetPriceNotFound",
    "TokenExpired",
    "TokenInvalid",
    "TooManyAttempts",
    "WarehouseUnavailable",
]

BEARER_CHALLENGE = 'Bearer realm="sigmasight"'


class Problem(SigmaSightError):  # noqa: N818 - the name that RFC 9457 gives it
    """A refusal that the client is told about.

    detail: the sentence that the frontend shows. members: further members of the body (RFC 9457, 3.2).
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
        """Headers that belong to the refusal itself."""
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


class PathNotFound(Problem):
    status = 404
    code = "path_not_found"
    title = "No such path"
    default_detail = "There is nothing at this path; /api/v1/docs lists every path."


class PortfolioNotFound(Problem):
    status = 404
    code = "portfolio_not_found"
    title = "No such portfolio"
    default_detail = "There is no such portfolio among yours; GET /api/v1/data/portfolios lists them."


class PositionsNotFound(Problem):
    status = 404
    code = "positions_not_found"
    title = "No such positions"
    default_detail = "None of these positions is among yours; GET a portfolio to see its positions' ids."


class TagNotFound(Problem):
    status = 404
    code = "tag_not_found"
    title = "No such tag"
    default_detail = "None of your positions carried this tag by then; GET /api/v1/tags/ lists them."


class TargetPriceNotFound(Problem):
    status = 404
    code = "target_price_not_found"
    title = "No such target price"
    default_detail = (
        "No such target price of yours is in force; GET /api/v1/target-prices/{portfolio_id} lists them."
    )


class MartNotFound(Problem):
    status = 404
    code = "mart_not_found"
    title = "No such mart"
    default_detail = "There is no mart of this name."


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"
    default_detail = "This path does not take this method; what the warehouse holds can only be read here."


class RequestTooLarge(Problem):
    status = 413
    code = "request_too_large"
    title = "The request is too large"
    default_detail = "The body of the request is larger than any path takes; send less."


class RequestRefused(Problem):
    status = 400
    code = "request_refused"
    title = "Request refused"
    default_detail = "The request could not be read as HTTP with JSON; check its headers and body."


class InvalidRequest(Problem):
    status = 422
    code = "invalid_request"
    title = "A parameter is not valid"
    default_detail = "A parameter of the request does not hold what it should."


class DateBeforeHistory(Problem):
    status = 422
    code = "date_before_history"
    title = "The date lies before the history"
    default_detail = "Nothing is published for this as_of_date; ask for a later one, or leave it out."


class InstantBeforeHistory(Problem):
    status = 422
    code = "instant_before_history"
    title = "The instant lies before the first publication"
    default_detail = "Nothing was published yet at this published_at; ask for a later one, or leave it out."


class TooManyAttempts(Problem):
    status = 429
    code = "too_many_attempts"
    title = "Too many attempts to log in"
    default_detail = "There were too many attempts to log in; try again when Retry-After has passed."

    @property
    def headers(self) -> dict[str, str]:
        """Says in how many seconds the next attempt is taken."""
        return {"Retry-After": str(self.members.get("retry_after", 60))}


class InternalError(Problem):
    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"
    default_detail = "The answer could not be made; try again, and report the instance number if it stays so."


class NothingPublished(Problem):
    status = 503
    code = "nothing_published"
    title = "Nothing is published yet"
    default_detail = "The warehouse holds no published numbers yet; run `sigmasight nightly`, then ask again."


class LineageUnavailable(Problem):
    status = 503
    code = "lineage_unavailable"
    title = "The lineage is not at hand"
    default_detail = "dbt's manifest is not where DBT_MANIFEST says; the next build leaves a new one there."


class QueryTimedOut(Problem):
    status = 503
    code = "query_timed_out"
    title = "The query took too long"
    default_detail = "The warehouse gave up on this query; ask for fewer days or positions, or try again."


class WarehouseUnavailable(Problem):
    status = 503
    code = "warehouse_unavailable"
    title = "The warehouse does not answer"
    default_detail = "The database cannot be reached at the moment; try again in a few seconds."

    @property
    def headers(self) -> dict[str, str]:
        """Says when to come back: the pool tries anew with each request."""
        return {"Retry-After": "5"}


CATALOGUE: tuple[type[Problem], ...] = (
    NotAuthenticated,
    TokenInvalid,
    TokenExpired,
    InvalidCredentials,
    RefreshInvalid,
    NotPermitted,
    PathNotFound,
    PortfolioNotFound,
    PositionsNotFound,
    TagNotFound,
    TargetPriceNotFound,
    MartNotFound,
    MethodNotAllowed,
    RequestTooLarge,
    RequestRefused,
    InvalidRequest,
    DateBeforeHistory,
    InstantBeforeHistory,
    TooManyAttempts,
    InternalError,
    NothingPublished,
    LineageUnavailable,
    QueryTimedOut,
    WarehouseUnavailable,
)
