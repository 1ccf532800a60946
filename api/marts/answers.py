"""From a query to a response: set the user, check the ETag, run one statement, send its text unchanged."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID

from fastapi import Request, Response

from api.auth.users import User
from api.http.errors import DateBeforeHistory, PortfolioNotFound, Problem
from api.marts.reader import PublishedState, Reader, Reading
from api.marts.withheld import concerning, mark_headers, marked, of_portfolio, sentence
from api.queries import Query
from warehouse.method import method_variables, significant_t

Content = TypeVar("Content")

SIMULATED_NOTICE: Final = "Prices are simulated: they follow a seeded model, not the market."
_RULES = ("full_coverage_share", "named_positions", "significance_level")
COVERAGE_RULES: Final = {
    **{name: method_variables()[name] for name in _RULES},
    "significant_t": significant_t(),
}
TAG_COLORS: Final = [
    "#2563EB", "#059669", "#D97706", "#DC2626", "#7C3AED", "#0891B2", "#DB2777", "#4B5563",
]  # fmt: skip


@dataclass(frozen=True)
class Responder:
    """Responds to one request of one user from the marts. published_at: as published at this instant."""

    request: Request
    reader: Reader
    user: User
    as_of_date: date | None
    published_at: datetime | None = None

    async def send(
        self,
        query: Query,
        parameters: Mapping[str, Any],
        *,
        portfolio_id: UUID | None = None,
        missing: type[Problem] = PortfolioNotFound,
        absent: str | None = None,
        media_type: str = "application/json",
        file_name: str | None = None,
    ) -> Response:
        """Respond with the query's text and caching headers, or with 304 if the client already has it.

        The query returns one row with the text of the whole response. No row raises `missing`; a null text
        means that the requested object begins after the date, and raises DateBeforeHistory: with the sentence
        `absent`, or one that says when the portfolio begins. file_name: send the response as a download.
        """
        portfolio_id = portfolio_id or parameters.get("portfolio_id")
        async with self.reader.reading_as(self.user, self.published_at) as reading:
            state = await reading.published_state(self.as_of_date, portfolio_id)
            withheld = concerning(state.withheld, parameters)
            headers = caching_headers(state, etag=self._etag(state, query.digest)) | mark_headers(withheld)
            if etag_matches(headers["ETag"], self.request.headers.get("If-None-Match")):
                return Response(status_code=304, headers=headers)
            row = await reading.one_row(query, {**self._common_parameters(state), **parameters})
            if row is None:
                raise _absence(state, portfolio_id) or missing
            if row[0] is None and absent is not None:
                raise DateBeforeHistory(absent)
            if row[0] is None:
                raise await self._before_history(reading, state, portfolio_id)
        if file_name is not None:
            headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        body = marked(row[0], withheld) if media_type == "application/json" else row[0]
        return Response(content=body, headers=headers, media_type=media_type)

    async def send_computed(
        self,
        query: Query,
        parameters: Mapping[str, Any],
        *,
        portfolio_id: UUID,
        judge: Callable[[tuple[Any, ...]], None],
    ) -> Response:
        """Respond with the query's text about what the body of a POST asks; nothing is cached.

        judge: raises the problem that the query's further columns name. Otherwise as `send`.
        """
        async with self.reader.reading_as(self.user, self.published_at) as reading:
            state = await reading.published_state(self.as_of_date, portfolio_id)
            withheld = concerning(state.withheld, {"portfolio_id": portfolio_id})
            row = await reading.one_row(query, {**self._common_parameters(state), **parameters})
            if row is None:
                raise _absence(state, portfolio_id) or PortfolioNotFound
            if row[0] is None:
                raise await self._before_history(reading, state, portfolio_id)
        judge(row)
        headers = {
            **caching_headers(state, etag=""),
            **mark_headers(withheld),
            "Cache-Control": "private, no-store",
        }
        del headers["ETag"]
        return Response(content=marked(row[0], withheld), headers=headers, media_type="application/json")

    async def send_made(
        self,
        read: Callable[..., Awaitable[Content]],
        write: Callable[[Content], Awaitable[tuple[bytes, str]]],
        *,
        digest: str,
        media_type: str,
        portfolio_id: UUID,
    ) -> Response:
        """Respond with a file about a portfolio, from what `read(reading, state=state)` found, or with 304.

        write: makes the content and the name of the file, after the snapshot is closed. digest: changes when
        the way in which the file is made does.
        """
        async with self.reader.reading_as(self.user, self.published_at) as reading:
            state = await reading.published_state(self.as_of_date, portfolio_id)
            headers = caching_headers(state, etag=self._etag(state, digest)) | mark_headers(state.withheld)
            if etag_matches(headers["ETag"], self.request.headers.get("If-None-Match")):
                return Response(status_code=304, headers=headers)
            found = await read(reading, state=state)
        content, file_name = await write(found)
        headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        return Response(content=content, headers=headers, media_type=media_type)

    def _common_parameters(self, state: PublishedState) -> dict[str, Any]:
        """Parameters available to every query."""
        return {
            "as_of_date": state.as_of_date,
            "requested_date": self.as_of_date,
            "published_at": state.published_at,
            "user_id": self.user.user_id,
            "simulated_notice": SIMULATED_NOTICE,
            **COVERAGE_RULES,
        }

    def _etag(self, state: PublishedState, digest: str) -> str:
        """Identify the response by publication, user, what they may see, request and what makes it."""
        parts = (
            str(state.newest_publication_id),
            state.published_at.isoformat(),  # after a restore, a number may be given again
            state.readable,
            str(self.user.user_id),
            self.request.scope["path"],
            self.request.scope["query_string"].decode("latin-1"),
            digest,
        )
        return f'"{sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"'

    async def _before_history(
        self, reading: Reading, state: PublishedState, portfolio_id: UUID | None
    ) -> DateBeforeHistory:
        first = None if portfolio_id is None else await reading.first_snapshot_date(portfolio_id)
        if first is None:
            return DateBeforeHistory(
                "This portfolio has no published numbers yet; they appear after the next build."
            )
        return DateBeforeHistory(
            f"This portfolio begins on {first}, after the session asked for ({state.as_of_date}); "
            "ask for a later as_of_date, or leave it out for the last session."
        )


def _absence(state: PublishedState, portfolio_id: UUID | None) -> Problem | None:
    """Why a portfolio of this user is in no mart: it is withheld since it was first built; None otherwise."""
    withheld = of_portfolio(state.withheld, portfolio_id)
    return None if withheld is None else DateBeforeHistory(sentence(withheld))


def caching_headers(state: PublishedState, *, etag: str) -> dict[str, str]:
    """Make the headers of a response from the marts: the client caches and revalidates it."""
    return {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
        "X-As-Of-Date": state.as_of_date.isoformat(),
        "X-Publication-Id": str(state.publication_id),
    }


def etag_matches(etag: str, if_none_match: str | None) -> bool:
    """Whether the client's If-None-Match names this ETag (weak comparison, RFC 9110, 13.1.2).

    `*` is ignored: whether anything exists at the path is known only after the query.
    """
    named = (tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(","))
    return etag in named
