"""Refuses writing methods on a read-only API with the command that does it instead.

Frontends that were written for an API that writes get 405 and a sentence to display, also on paths that exist
here for no method at all: 404 would look like a missing record. An unknown path gets a general sentence.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from api.http.errors import MethodNotAllowed
from api.http.limits import PREFIX

WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

USERS: Final = "`sigmasight users add EMAIL` adds a user."
PASSWORDS: Final = "`sigmasight users set-password EMAIL` changes a password."
FIGURES: Final = "`sigmasight nightly` calculates and publishes the figures of every portfolio."
FLOWS: Final = (
    "`sigmasight capital-flows add`, `correct` and `remove`, or `sigmasight load capital-flows FILE`, change "
    "contributions and withdrawals."
)
TAGS: Final = (
    "`sigmasight tags add`, `remove`, `rename`, `color`, `archive` and `restore`, or `sigmasight load tags "
    "FILE`, change tags."
)
TARGETS: Final = (
    "`sigmasight targets set` and `remove`, or `sigmasight load targets FILE`, change target prices."
)
STATEMENT: Final = (
    "`sigmasight load positions FILE` loads a statement, which creates or updates its portfolio."
)
PORTFOLIO: Final = (
    "`sigmasight load positions FILE` updates a portfolio from its statement, `sigmasight portfolios remove "
    "PORTFOLIO` removes it."
)
POSITIONS: Final = (
    "`sigmasight load positions FILE` creates, changes and closes positions to match a statement."
)
PRICES: Final = "`sigmasight load prices` loads prices and profiles."
SEARCHES: Final = (
    "no search or filter is kept; `sigmasight psql` queries symbols in dim_symbols and dim_company_profiles."
)

LOADING: Final = (
    "The API is read-only: `sigmasight load` loads data, `sigmasight nightly` publishes what follows."
)

ONE: Final = r"(?:/data)?/portfolios?/[^/]+"
"""The path of one portfolio."""

COMMANDS: Final = (
    (r"/(auth|onboarding)/register|/(auth/)?users?(/.*)?|/auth/me", USERS),
    (r"/auth/(change|reset)-password", PASSWORDS),
    (rf"{ONE}/(calculate|snapshot|batch-status(/.*)?)|/analytics/.*|/admin/(batch|fix)/.*", FIGURES),
    (rf"{ONE}/equity-changes(/.*)?", FLOWS),
    (rf"(/data)?/positions/[^/]+/tags(/.*)?|/(position-)?tags(/.*)?|{ONE}/tags(/.*)?", TAGS),
    (r"/strategies(/.*)?", TAGS),
    (rf"/target-prices(/.*)?|{ONE}/target-prices(/.*)?", TARGETS),
    (r"(/data)?/portfolios?|/onboarding/(create-portfolio|csv-template|upload(/.*)?)", STATEMENT),
    (ONE, PORTFOLIO),
    (rf"(/data)?/positions(/.*)?|{ONE}/(positions|upload|import)(/.*)?", POSITIONS),
    (r"/data/(prices|company-profiles|factors)(/.*)?|/(market-data|fundamentals)(/.*)?", PRICES),
    (r"/equity-search(/.*)?", SEARCHES),
)
"""Paths by regular expression, first match first, and the command for what writing to them would do."""


def command_for(path: str) -> str | None:
    """Return the sentence that names the command for what writing to this path would do; None for others."""
    relative = path.removeprefix(PREFIX).rstrip("/")
    found = (f"The API is read-only: {text}" for pattern, text in COMMANDS if re.fullmatch(pattern, relative))
    return next(found, None)


def refuse_method(method: str, path: str, allowed: Sequence[str]) -> MethodNotAllowed | None:
    """Return the problem of a method that a path does not take; None if that is no reason to refuse it.

    allowed: the methods that it takes, empty for a path that does not exist.
    """
    if method in allowed:
        return None
    if method in WRITING and path.startswith(f"{PREFIX}/"):
        return MethodNotAllowed(command_for(path) or _general_refusal(allowed))
    return MethodNotAllowed(_general_refusal(allowed)) if allowed else None


def _general_refusal(allowed: Sequence[str]) -> str:
    """The sentence for a path whose writing has no command of its own."""
    taken = f"This path takes {' and '.join(allowed)} only." if allowed else "This path does not exist here."
    return taken if WRITING.intersection(allowed) else f"{taken} {LOADING}"


def make_allowed_methods(app: FastAPI) -> Callable[[str], list[str]]:
    """Make a function that lists the methods of a path, over all routes: one route names only its own."""

    @cache
    def routes() -> list[tuple[re.Pattern[str], set[str]]]:
        contexts: list[Any] = list(iter_route_contexts(app.routes))
        return [(compile_path(context.path)[0], set(context.methods or ())) for context in contexts]

    def allowed_methods(path: str) -> list[str]:
        """List the methods of this path in alphabetical order; empty if it does not exist."""
        return sorted({method for pattern, methods in routes() if pattern.match(path) for method in methods})

    return allowed_methods
