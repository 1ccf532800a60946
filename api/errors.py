"""Everything the API says when it cannot answer: one class per stable code.

SigmaSightError
└── Problem                     status, code and title are the class; detail is the sentence for a person
    ├── NotAuthenticated        401  no access token was sent
    ├── TokenInvalid            401  the token is not one of ours, or its user is gone
    ├── TokenExpired            401  log in again
    ├── InvalidCredentials      401  login refused, without saying which of the two was wrong
    ├── PathNotFound            404  no such path
    ├── PortfolioNotFound       404  no such portfolio, or not this user's: the same answer
    ├── PositionsNotFound       404  none of the positions exists, or none is this user's
    ├── TagNotFound             404  no such tag on this user's positions
    ├── TargetPriceNotFound     404  no such target price in force, or not this user's
    ├── MethodNotAllowed        405  the warehouse is read-only
    ├── RequestRefused          4xx  any other refusal by the HTTP layer
    ├── InvalidRequest          422  a parameter or the body does not hold what it should
    ├── DateBeforeHistory       422  the as_of_date lies before the first published session
    ├── InternalError           500  our fault; the log has the rest
    ├── NothingPublished        503  no build has been published yet
    ├── QueryTimedOut           503  the statement ran into the API's time limit
    └── WarehouseUnavailable    503  the database does not answer

Codes are stable: a client may switch on them. Bodies are RFC 9457 `application/problem+json`, written by
api.problems.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from warehouse.errors import SigmaSightError

__all__ = [
    "CATALOGUE",
    "DateBeforeHistory",
    "InternalError",
    "InvalidCredentials",
    "InvalidRequest",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NothingPublished",
    "PathNotFound",
    "PortfolioNotFound",
    "PositionsNotFound",
    "Problem",
    "QueryTimedOut",
    "RequestRefused",
    "TagNotFound",
    "TargetPriceNotFound",
    "TokenExpired",
    "TokenInvalid",
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


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"
    default_detail = "This path does not take this method; what the warehouse holds can only be read here."


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
    PathNotFound,
    PortfolioNotFound,
    PositionsNotFound,
    TagNotFound,
    TargetPriceNotFound,
    MethodNotAllowed,
    RequestRefused,
    InvalidRequest,
    DateBeforeHistory,
    InternalError,
    NothingPublished,
    QueryTimedOut,
    WarehouseUnavailable,
)
