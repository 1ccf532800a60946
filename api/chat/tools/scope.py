"""Which portfolios and which session a metric is asked for, and what must be said with every figure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from api.chat.results import Cell, QueryResult
from api.chat.tools.answers import ToolCallError, ToolContext
from api.marts.answers import SIMULATED_NOTICE
from api.queries import load_query

ALL: Final = "all"
_SCOPE: Final = load_query("chat_scope")


@dataclass(frozen=True)
class Portfolio:
    """A portfolio of the user on the session. first_session: None before its first build.

    withheld: why its figures end at last_published, as a sentence; None if it is not withheld.
    """

    portfolio_id: UUID
    name: str
    first_session: date | None
    has_simulated_prices: bool
    private_count: int
    has_old_prices: bool
    quality_message: str | None
    last_published: date | None = None
    withheld: str | None = None


@dataclass(frozen=True)
class Scope:
    """The session and the user's portfolios on it. session: None before the first published one."""

    first_date: date
    session: date | None
    publication_id: int | None
    portfolios: tuple[Portfolio, ...]

    def choose(self, asked: str | None, portfolio_id: UUID | None) -> tuple[Portfolio, ...]:
        """The portfolios that are meant: by name, unique beginning of it, id, or `all`.

        None: the one with portfolio_id, else the only one. Raises ToolCallError.
        """
        if not self.portfolios:
            raise ToolCallError("This user has no portfolios.")
        if asked is None:
            return (self._default(portfolio_id),)
        exact = [one for one in self.portfolios if asked.casefold() == one.name.casefold()]
        if exact:
            return (exact[0],)
        if asked.strip().casefold() == ALL:
            return self.portfolios
        return (self._named(asked.strip()),)

    def _default(self, portfolio_id: UUID | None) -> Portfolio:
        for one in self.portfolios:
            if one.portfolio_id == portfolio_id or len(self.portfolios) == 1:
                return one
        raise ToolCallError(f"Which portfolio is meant? Name one of them, or `all`: {self._names()}.")

    def _named(self, asked: str) -> Portfolio:
        wanted = asked.casefold()
        found = [
            one
            for one in self.portfolios
            if str(one.portfolio_id) == wanted or (wanted and one.name.casefold().startswith(wanted))
        ]
        if len(found) == 1:
            return found[0]
        problem = (
            "Several portfolios begin" if found else "None of this user's portfolios has this id or begins"
        )
        raise ToolCallError(f"{problem} with that name; there are: {self._names()}.")

    def _names(self) -> str:
        return ", ".join(_of(one) for one in self.portfolios)

    def begun(self, chosen: Sequence[Portfolio]) -> tuple[date, list[str]]:
        """The session, and a sentence for each portfolio that begins later. ToolCallError if all do.

        The session of a withheld portfolio alone is its last one; of several, later ones are without it.
        """
        if self.session is None:
            raise ToolCallError(
                f"The published history begins on {self.first_date}, after that date; ask for a later as_of, "
                "or null for the last session."
            )
        late = [_begins(one, self.session) for one in chosen if _is_late(one, self.session)]
        if chosen and len(late) == len(chosen):
            raise ToolCallError(" ".join(late))
        alone = chosen[0].last_published if len(chosen) == 1 else None
        return min(self.session, alone or self.session), late


async def read_scope(context: ToolContext, as_of: date | None, published_at: datetime | None) -> Scope:
    """Look up the session and the user's portfolios. Raises what ChatReader.run_trusted raises."""
    result = await context.reader.run_trusted(
        context.user,
        _SCOPE,
        {"as_of_date": as_of.isoformat() if as_of else None, "portfolio_id": None},
        published_at=published_at,
    )
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    return Scope(
        first_date=date.fromisoformat(str(rows[0]["first_date"])),
        session=_date(rows[0]["session_date"]),
        publication_id=result.publication_id,
        portfolios=tuple(_portfolio(row) for row in rows if row["portfolio_id"] is not None),
    )


def notices_of(portfolios: Sequence[Portfolio], *, with_quality: bool) -> list[str]:
    """What must be said with figures of these portfolios."""
    return list(_notices(portfolios, with_quality=with_quality))


def _notices(portfolios: Sequence[Portfolio], *, with_quality: bool) -> Iterator[str]:
    if any(one.has_simulated_prices for one in portfolios):
        yield SIMULATED_NOTICE
    for one in portfolios:
        if one.withheld:
            yield f"{_of(one)} is withheld since {one.withheld}"
        if one.private_count:
            yield f"{_of(one)} has private positions, valued at their last mark and not in risk figures."
        if one.has_old_prices:
            yield f"{_of(one)} has positions without a recent price: see the metric stale_prices."
        if with_quality and one.quality_message:
            yield f"{_of(one)}: {one.quality_message}"


def _portfolio(row: dict[str, Cell]) -> Portfolio:
    coverage = row["public_price_coverage"]
    return Portfolio(
        portfolio_id=UUID(str(row["portfolio_id"])),
        name=str(row["portfolio_name"]),
        first_session=_date(row["first_session"]),
        has_simulated_prices=bool(row["has_simulated_prices"]),
        private_count=int(row["private_count"] or 0),
        has_old_prices=coverage is not None and float(coverage) < 1,
        quality_message=None if row["quality_message"] is None else str(row["quality_message"]),
        last_published=_date(row["last_published_date"]),
        withheld=_withheld(row),
    )


def _withheld(row: dict[str, Cell]) -> str | None:
    if row["withheld_since"] is None:
        return None
    until = row["last_published_date"]
    return f"{row['withheld_since']}: its figures end on {until}. {row['withheld_reason']}"


def _date(cell: Cell) -> date | None:
    return None if cell is None else date.fromisoformat(str(cell))


def _is_late(portfolio: Portfolio, session: date) -> bool:
    return portfolio.first_session is None or portfolio.first_session > session


def _begins(portfolio: Portfolio, session: date) -> str:
    if portfolio.first_session is None:
        return f"{_of(portfolio)} has no published figures yet; they appear after the next build."
    begins = f"{_of(portfolio)} begins on {portfolio.first_session}"
    return f"{begins}, after the session {session} that was asked for."


def _of(portfolio: Portfolio) -> str:
    """The name as data: quoted, and without anything that could end the quotation."""
    return json.dumps(portfolio.name, ensure_ascii=False)


def portfolio_ids(portfolios: Sequence[Portfolio]) -> list[str]:
    """Their ids, as a statement and the record of it take them."""
    return [str(one.portfolio_id) for one in portfolios]


def result_as_of(result: QueryResult, session: date) -> QueryResult:
    """The result, with the session that it was asked for."""
    return QueryResult(**{**vars(result), "as_of_date": session})
