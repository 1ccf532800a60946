"""What is withheld, and what a publication changed in that; read from ops.quarantines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flows.database import Connection, rows
from flows.quarantine.failures import Failure

WITHHELD = """
select portfolio_id, portfolio_name, withheld_since, last_date, from_date, tests, reason
from ops.quarantines where superseded_at is null order by portfolio_name, portfolio_id
"""

# A series of publications that withhold a portfolio has one withheld_since: its first one began it.
BEGUN = """
select portfolio_id, portfolio_name, withheld_since, last_date, from_date, tests, reason
from ops.quarantines where publication_id = %s and published_at = withheld_since
order by portfolio_name, portfolio_id
"""

RELEASED = """
select portfolio_id, portfolio_name, withheld_since, last_date, from_date, tests, reason
from ops.quarantines as ended
where
    superseded_at = (select published_at from ops.publications where publication_id = %(publication_id)s)
    and not exists (
        select from ops.quarantines as continued
        where
            continued.portfolio_id = ended.portfolio_id and continued.publication_id = %(publication_id)s
    )
order by portfolio_name, portfolio_id
"""


@dataclass(frozen=True)
class Withheld:
    """A withheld portfolio; last_date: its last published session, from_date: the first that it lacks."""

    portfolio_id: UUID
    portfolio_name: str
    since: datetime
    last_date: date | None
    from_date: date
    tests: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        figures = "no figures yet" if self.last_date is None else f"figures of {self.last_date}"
        return f"{self.portfolio_name} since {self.since:%Y-%m-%d %H:%M} UTC ({figures}): {self.reason}"

    @property
    def failure(self) -> Failure:
        return Failure(self.tests, self.reason)


def read_withheld(connection: Connection) -> list[Withheld]:
    """The portfolios that are withheld now, by name."""
    return _read(rows(connection, WITHHELD))


def changes_of(connection: Connection, publication_id: int) -> tuple[list[Withheld], list[Withheld]]:
    """The portfolios that a publication withholds and the one before did not, and those that it releases."""
    begun = rows(connection, BEGUN, [publication_id])
    return _read(begun), _read(rows(connection, RELEASED, {"publication_id": publication_id}))


def _read(found: Iterable[Sequence[Any]]) -> list[Withheld]:
    return [
        Withheld(portfolio_id, name, since, last_date, from_date, tuple(tests), reason)
        for portfolio_id, name, since, last_date, from_date, tests, reason in found
    ]
