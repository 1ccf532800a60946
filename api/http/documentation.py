"""The OpenAPI document: every route's refusals, headers and example, and the catalogue of error codes."""

from collections.abc import Callable
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
    RequestRefused,
    RequestTooLarge,
    TokenExpired,
    TokenInvalid,
    WarehouseUnavailable,
)
from api.http.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

BODY_REFUSALS = (RequestRefused, RequestTooLarge)
LOGIN_REFUSALS = (NotAuthenticated, TokenInvalid, TokenExpired)
SERVICE_REFUSALS = (InternalError, WarehouseUnavailable)
MARTS_REFUSALS = (
    *LOGIN_REFUSALS,
    InvalidRequest,
    DateBeforeHistory,
    InstantBeforeHistory,
    NothingPublished,
    QueryTimedOut,
    *SERVICE_REFUSALS,
)

INTRODUCTION = """
The read API of the SigmaSight portfolio risk warehouse. All numbers come from the marts of the last
publication; the API writes nothing.

**Numbers** are USD unless said otherwise; rates and returns are decimals; a field that ends in `percentage`,
`percent` or `pct` is 0 to 100. Null means that there is no such number, never zero. Instants are UTC.

**Dates.** Every portfolio path takes `as_of_date`. `X-As-Of-Date` says which session answers,
`X-Publication-Id` which publication speaks for it.

**What was reported.** With `published_at` the same path answers as it was published at that instant, also
where a later publication corrected it. `/publications` lists the instants, `/restatements` what changed.

**Caching.** Answers change only with a publication. Send the `ETag` back as `If-None-Match`: the answer is
304 without a body while nothing has changed.

**Simulated prices** are said in every answer that rests on them (`price_source`, `price_notice`,
`data_quality.message`).

**Stability.** Fields may be added within /api/v1; none is removed or changes its meaning. Ignore fields
you do not know.

## Errors

Every refusal is `application/problem+json` (RFC 9457). `detail` is a sentence to show, `code` is stable:

| code | status | meaning |
|---|---|---|
"""

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "A refusal, RFC 9457.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:sigmasight:problem: and the code."},
        "title": {"type": "string", "description": "What kind of refusal, the same for each code."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "enum": [problem.code for problem in CATALOGUE]},
        "detail": {"type": "string", "description": "A sentence that a person can act on."},
        "instance": {"type": "string", "description": "Number of an internal error, as in the server's log."},
        "retry_after": {"type": "integer", "description": "too_many_attempts: seconds to wait."},
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

MARTS_HEADERS = {
    "ETag": "Changes when a publication changes the answer.",
    "X-As-Of-Date": "The session that answers.",
    "X-Publication-Id": "The publication that speaks for this session.",
}


def answers(*refusals: type[Problem]) -> Responses:
    """Make the `responses` of a route: the problems it may answer with."""
    by_status = sorted(refusals, key=lambda problem: (problem.status, problem.code))
    groups = groupby(by_status, key=lambda problem: problem.status)
    return {status: _refusal(list(problems)) for status, problems in groups}


def file_answer(media_type: str, example: str) -> Responses:
    """Make the `responses` of a route that answers with a text file."""
    return {200: {"content": {media_type: {"schema": {"type": "string"}, "example": example}}}}


def marts_answers(
    *refusals: type[Problem], media_type: str = "application/json", example: str | None = None
) -> Responses:
    """Make the `responses` of a route that reads the marts: also headers, 304 and the common problems.

    An answer of another media type than JSON is a text; its example is given here.
    """
    headers = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in MARTS_HEADERS.items()
    }
    content = {} if example is None else file_answer(media_type, example)[200]
    return {
        200: {"headers": headers, **content},
        304: {"description": "What If-None-Match names still holds; no body."},
        **answers(*MARTS_REFUSALS, *refusals),
    }


def _refusal(problems: list[type[Problem]]) -> dict[str, Any]:
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
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    return {"description": "; ".join(problem.title for problem in problems) + ".", "content": content}


def catalogue_table() -> str:
    """Write the error codes as rows of a Markdown table."""
    return "\n".join(
        f"| `{problem.code}` | {problem.status} | {problem.title}. {problem.default_detail} |"
        for problem in CATALOGUE
    )


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Make the app's openapi function: FastAPI's own document with the shape of problems, made once."""

    def openapi() -> dict[str, Any]:
        """Make the document at the first call; later calls get the same one."""
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
            _give_examples(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _give_examples(document: dict[str, Any]) -> None:
    """Give each path an example of its answer, put together from the examples of the fields."""
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation["responses"].get("200", {}).get("content", {}).get("application/json")
            if content is not None:  # a logout has no body, a file none of fields
                content["example"] = example_of(content["schema"], document)


def example_of(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """Put an example of a schema together. Raises LookupError for a field without one."""
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
