"""The OpenAPI document: the error responses, headers and example of each route, and the error codes."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.errors import (
    CATALOGUE,
    DateBeforeHistory,
    InstantBeforeHistory,
    InternalError,
    InvalidRequest,
    NotAuthenticated,
    NothingPublished,
    Problem,
    QueryTimedOut,
    RequestLimitReached,
    RequestRefused,
    RequestTooLarge,
    TokenExpired,
    TokenInvalid,
    UpgradeNeeded,
    WarehouseUnavailable,
)
from api.http.limits import ACCESS_COOKIE
from api.http.problems import JSON, MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

BODY_PROBLEMS = (RequestRefused, RequestTooLarge)
LOGIN_PROBLEMS = (NotAuthenticated, TokenInvalid, TokenExpired)
SERVICE_PROBLEMS = (InternalError, UpgradeNeeded, WarehouseUnavailable)
MARTS_PROBLEMS = (
    *LOGIN_PROBLEMS,
    InvalidRequest,
    DateBeforeHistory,
    InstantBeforeHistory,
    NothingPublished,
    QueryTimedOut,
    *SERVICE_PROBLEMS,
)

INTRODUCTION = """
The read-only API of the SigmaSight portfolio risk warehouse. All numbers come from the marts of the last
publication.

**Numbers** are USD unless stated otherwise; rates and returns are decimals, but those that target prices
imply are in percent (9.4 is 9.4 %); a field that ends in `percentage`, `percent` or `pct` is 0 to 100. Null
means that the number is not available, never zero. Timestamps are UTC.

**Dates.** Every portfolio path takes `as_of_date`. `X-As-Of-Date` returns the session of the
figures, `X-Publication-Id` the publication that they come from.

**Withheld portfolios.** If tests of a build fail for a portfolio, its figures stay those of its last
publication, up to an earlier session. Answers then have the header `X-Withheld-Portfolios` and, in a JSON
object, the field `withheld`: a list of `portfolio_id`, `portfolio_name`, `withheld_since`,
`last_published_date` and `reason`. Sums of several portfolios leave a withheld one out of later sessions.

**As reported.** With `published_at` the same path returns the figures as published at that instant, even if
a later publication corrected them. `/publications` lists the instants, `/restatements` what changed.

**Caching.** Responses change only with a publication. Send the `ETag` back as `If-None-Match`: the response
is 304 without a body as long as nothing has changed.

**Simulated prices** are flagged in every response that is based on them (`price_source`, `price_notice`,
`data_quality.message`).

**Stability.** Fields may be added within /api/v1. One that is replaced stays for one version, marked as
deprecated. Ignore fields you do not know.

## Errors

Every error is an RFC 9457 problem document: `application/problem+json` for a client that names it in Accept,
otherwise `application/json` with the same body. `detail` is a sentence to display, `code` is stable:

| code | status | meaning |
|---|---|---|
"""

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "An error response, RFC 9457.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:sigmasight:problem: followed by the code."},
        "title": {"type": "string", "description": "A short summary, the same for each code."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "enum": [problem.code for problem in CATALOGUE]},
        "detail": {"type": "string", "description": "A sentence that explains the problem and what to do."},
        "instance": {"type": "string", "description": "Id of an internal error, as in the server's log."},
        "retry_after": {"type": "integer", "description": "With status 429: seconds to wait."},
        "trades": {
            "type": "array",
            "description": "trade_refused: one entry for each trade that cannot be made.",
            "items": {
                "type": "object",
                "required": ["place", "symbol", "reason", "message"],
                "properties": {
                    "place": {"type": "integer"},
                    "symbol": {"type": "string"},
                    "reason": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "errors": {
            "type": "array",
            "description": "invalid_request: one entry for each parameter.",
            "items": {
                "type": "object",
                "required": ["in", "parameter", "message"],
                "properties": {
                    "in": {"type": "string"},
                    "parameter": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

ACCESS_COOKIE_SCHEME = {
    "type": "apiKey",
    "in": "cookie",
    "name": ACCESS_COOKIE,
    "description": "The access token as login sets it: HttpOnly, SameSite=Strict, for GET requests only.",
}

MARTS_HEADERS = {
    "ETag": "Changes when a publication changes the response.",
    "X-As-Of-Date": "The session of the figures.",
    "X-Publication-Id": "The publication that the figures come from.",
    "X-Withheld-Portfolios": "Ids of portfolios that are withheld; only if there are any.",
}


def problem_responses(*problems: type[Problem]) -> Responses:
    """Make the `responses` of a route: the problems it may return, and that of too many requests."""
    every: tuple[type[Problem], ...] = (*problems, RequestLimitReached)
    by_status = sorted(every, key=lambda problem: (problem.status, problem.code))
    groups = groupby(by_status, key=lambda problem: problem.status)
    return {status: _problem_response(list(group)) for status, group in groups}


def file_response(media_type: str, example: str) -> Responses:
    """Make the `responses` of a route that returns a text file."""
    return {200: {"content": {media_type: {"schema": {"type": "string"}, "example": example}}}}


def marts_responses(
    *problems: type[Problem],
    media_type: str = "application/json",
    example: str | None = None,
    is_cached: bool = True,
) -> Responses:
    """Make the `responses` of a route that reads the marts: also headers, 304 and the common problems.

    A response that is not JSON is text; pass its example. is_cached: whether it has an ETag.
    """
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in MARTS_HEADERS.items()
        if is_cached or name != "ETag"
    }
    content = {} if example is None else file_response(media_type, example)[200]
    not_modified = {"description": "Not modified: the ETag in If-None-Match is current; no body."}
    return {
        200: {"headers": headers, **content},
        **({304: not_modified} if is_cached else {}),
        **problem_responses(*MARTS_PROBLEMS, *problems),
    }


def files_too(responses: Responses, media_types: Iterable[str]) -> Responses:
    """Add files of these media types to what a route may return."""
    schema = {"type": "string", "format": "binary"}
    content = {each.partition(";")[0]: {"schema": schema, "example": "A file."} for each in media_types}
    return responses | {200: {**responses[200], "content": content}}


def _problem_response(problems: list[type[Problem]]) -> dict[str, Any]:
    examples = {
        problem.code: {
            "summary": problem.title,
            "value": {
                "type": f"urn:sigmasight:problem:{problem.code}",
                "title": problem.title,
                "status": problem.status,
                "code": problem.code,
                "detail": problem.default_detail,
            },
        }
        for problem in problems
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {JSON: {"schema": schema}, MEDIA_TYPE: {"schema": schema, "examples": examples}}
    return {"description": "; ".join(problem.title for problem in problems) + ".", "content": content}


def catalogue_table() -> str:
    """Write the error codes as rows of a Markdown table."""
    return "\n".join(
        f"| `{problem.code}` | {problem.status} | {problem.title}. {problem.default_detail} |"
        for problem in CATALOGUE
    )


def make_openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Make the app's openapi function: FastAPI's document with the schema of problems, built once."""

    def openapi() -> dict[str, Any]:
        """Build the document at the first call; later calls return the same one."""
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=INTRODUCTION + catalogue_table(),
                routes=app.routes,
                tags=app.openapi_tags,
            )
            schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            _add_examples(schema)
            _add_cookie(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _add_examples(document: dict[str, Any]) -> None:
    """Give each path an example response, built from the examples of its fields."""
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation["responses"].get("200", {}).get("content", {}).get("application/json")
            if content is not None:  # a file has no fields
                content["example"] = example_of(content["schema"], document)


def _add_cookie(document: dict[str, Any]) -> None:
    """Document that GET requests accept the cookie of a login in place of the header."""
    document["components"]["securitySchemes"]["AccessCookie"] = ACCESS_COOKIE_SCHEME
    for methods in document["paths"].values():
        security = methods.get("get", {}).get("security")
        if security is not None:
            security.append({"AccessCookie": []})


def example_of(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """Build an example of a schema. Raises LookupError for a field without one."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], document)
    if "items" in schema:
        return [example_of(schema["items"], document)]
    if "properties" in schema:
        return {name: example_of(field, document) for name, field in schema["properties"].items()}
    raise LookupError(f"{schema} has no example")
