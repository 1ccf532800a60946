"""The exception handlers of the app: every error is written as an RFC 9457 problem document.

The body: type, title, status, code, detail (a sentence for the user), instance, and for invalid requests
`errors`, one entry per parameter. No message of the database or of Python reaches the client. The media type
is application/problem+json for clients that name it in Accept, otherwise application/json: many clients parse
nothing else.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from psycopg import errors as sql_errors
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api.http.errors import (
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NothingPublished,
    PathNotFound,
    Problem,
    QueryTimedOut,
    RequestRefused,
    RequestTooLarge,
    WarehouseUnavailable,
)
from api.http.versions import explain_failure
from api.http.writing import make_allowed_methods, refuse_method

MEDIA_TYPE = "application/problem+json"
JSON = "application/json"

REPLACED = ("cache lookup failed", "could not open relation")

logger = logging.getLogger(__name__)


def problem_response(problem: Problem, scope: Scope, *, status: int | None = None) -> Response:
    """Write the problem as the response to the request of `scope`; status overrides that of the class."""
    body = {
        "type": f"urn:sigmasight:problem:{problem.code}",
        "title": problem.title,
        "status": status or problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.members,
    }
    return Response(
        content=json.dumps(body, default=str),
        status_code=status or problem.status,
        headers={"Cache-Control": "no-store", "Vary": "Accept", **problem.headers},
        media_type=MEDIA_TYPE if accepts_problems(scope) else JSON,
    )


def accepts_problems(scope: Scope) -> bool:
    """Whether the request's Accept names application/problem+json; a wildcard does not count."""
    ranges = ",".join(Headers(scope=scope).getlist("accept")).split(",")
    for media_range in ranges:
        media_type, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if media_type == MEDIA_TYPE:
            return not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
    return False


def install_problem_handlers(app: FastAPI) -> None:
    """Make the app return every error as a problem."""
    handlers: Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Problem: _answer_problem,
        RequestValidationError: _answer_validation_error,
        HTTPException: _answer_http_exception,
        psycopg.OperationalError: _answer_database_unavailable,
        PoolTimeout: _answer_database_unavailable,
        TooManyRequests: _answer_database_unavailable,
        sql_errors.QueryCanceled: _answer_query_canceled,
        sql_errors.InternalError_: _answer_internal_error,
        NothingPublished: _answer_nothing_published,
        psycopg.ProgrammingError: _answer_unexpected,
        ResponseValidationError: _answer_unexpected,
        Exception: _answer_unexpected,
    }
    app.state.allowed_methods = make_allowed_methods(app)
    for error_class, handler in handlers.items():
        app.add_exception_handler(error_class, handler)


async def _answer_problem(request: Request, problem: Problem) -> Response:
    return problem_response(problem, request.scope)


async def _answer_validation_error(request: Request, error: RequestValidationError) -> Response:
    return problem_response(invalid_request(error.errors()), request.scope)


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    """Make one sentence per parameter that pydantic rejected, without its value: it may be a password."""
    entries = [
        {"in": str(error["loc"][0]), "parameter": _parameter(error["loc"]), "message": error["msg"]}
        for error in errors
    ]
    sentences = [f"{entry['parameter']} ({entry['in']}): {entry['message']}" for entry in entries]
    return InvalidRequest("; ".join(sentences) + ".", errors=entries)


def _parameter(location: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


async def _answer_http_exception(request: Request, error: HTTPException) -> Response:
    if error.status_code in {PathNotFound.status, MethodNotAllowed.status}:
        return _answer_unrouted(request)
    problem = RequestTooLarge() if error.status_code == RequestTooLarge.status else RequestRefused()
    response = problem_response(problem, request.scope, status=error.status_code)
    response.headers.update(error.headers or {})
    return response


def _answer_unrouted(request: Request) -> Response:
    """Answer a path that does not exist with 404, and a method that it does not take with 405 and Allow."""
    path = request.scope["path"]
    allowed = request.app.state.allowed_methods(path)
    refusal = refuse_method(request.method, path, allowed)
    if refusal is None:
        return problem_response(PathNotFound(), request.scope)
    response = problem_response(refusal, request.scope)
    response.headers["Allow"] = ", ".join(allowed)
    return response


def written_path(scope: Scope) -> str:
    """The path as a client writes it, for the log: line breaks and control characters stay encoded."""
    return quote(scope["path"], safe="/:@!$&'()*+,;=~")


async def _answer_database_unavailable(request: Request, error: Exception) -> Response:
    logger.warning("warehouse unavailable for %s %s: %s", request.method, written_path(request.scope), error)
    return problem_response(WarehouseUnavailable(), request.scope)


async def _answer_internal_error(request: Request, error: sql_errors.InternalError_) -> Response:
    """What a restore replaced between being named and being used is there for the next request."""
    if str(error).startswith(REPLACED):
        return await _answer_database_unavailable(request, error)
    return await _answer_unexpected(request, error)


async def _answer_query_canceled(request: Request, error: sql_errors.QueryCanceled) -> Response:
    logger.warning("query canceled for %s %s: %s", request.method, written_path(request.scope), error)
    return problem_response(QueryTimedOut(), request.scope)


async def _answer_nothing_published(request: Request, problem: NothingPublished) -> Response:
    """A mart may be missing because the warehouse is of another version."""
    return problem_response(await _explained(request) or problem, request.scope)


async def _explained(request: Request) -> Problem | None:
    state = request.app.state
    services = getattr(state, "services", None)
    return None if services is None else await explain_failure(services, state.code_version)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    explained = await _explained(request)
    if explained is not None:
        what = f"{request.method} {written_path(request.scope)}"
        logger.warning("%s failed, in a warehouse of another version", what, exc_info=error)
        return problem_response(explained, request.scope)
    instance = f"urn:uuid:{uuid4()}"
    logger.error("%s: %s %s failed", instance, request.method, written_path(request.scope), exc_info=error)
    return problem_response(InternalError(instance=instance), request.scope)
