"""What a statement says of those before: sales that it tells otherwise, and money that they left open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from ingestion.portfolios.capital_flows import named
from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots
from ingestion.statements.money.balances import (
    CashFlow,
    Flows,
    is_small,
    key_of_statement,
    last_moved,
    last_statement,
    rest_of,
)
from ingestion.statements.money.trades import corrections
from ingestion.statements.parts import Row

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ToldOtherwise:
    """Sales of earlier statements that a statement tells otherwise.

    flows: those of these statements, where they change. counted: what the sales bring more now that is in
    such a flow, open: the same without one; USD, a number for each sale.
    """

    flows: tuple[CashFlow, ...] = ()
    counted: tuple[Decimal, ...] = ()
    open: tuple[Decimal, ...] = ()

    @property
    def change(self) -> Decimal:
        """What the flows change by."""
        return sum((flow.amount - flow.earlier for flow in self.flows), Decimal(0))

    @property
    def notices(self) -> tuple[str, ...]:
        """What is said of each flow."""
        return tuple(
            f"Sales that the statement of {flow.day} counted are told otherwise now: by its change of cash "
            f"it has {_kind(flow.amount)}, where it had {_kind(flow.earlier)}."
            for flow in self.flows
        )


def told_otherwise(
    connection: Connection,
    portfolio: UUID,
    flows: Flows,
    rows: tuple[Sequence[Row], Sequence[Row]],
    period: tuple[date, date],
) -> ToldOtherwise:
    """What changes in the flows of statements up to the start of the period.

    rows: of its start, and after the statement of its end.
    """
    (before, after), (until, as_of) = rows, period
    told = corrections(connection, before, after, until)
    # a replaced version of the statement may have told sales otherwise that this one tells as before
    replaced = corrections(connection, before, known_lots(connection, portfolio, latest=as_of), until)
    more: dict[date, Decimal] = {}
    counted: list[Decimal] = []
    left: list[Decimal] = []
    for day, amount in [*told, *((day, Decimal(0)) for day, _ in replaced)]:
        found = _flow_since(flows, portfolio, day, until)
        (left if found is None else counted).append(amount)
        if found is not None:
            more[found] = more.get(found, Decimal(0)) + amount
    changed = [_changed(connection, portfolio, flows, day, amount) for day, amount in more.items()]
    return ToldOtherwise(tuple(flow for flow in changed if flow), tuple(counted), tuple(left))


def left_open(connection: Connection, portfolio: UUID, flows: Flows, moved: date) -> Decimal:
    """The small rests of the statements up to `moved`, since the last one that has a flow, USD."""
    rest, day = Decimal(0), moved
    while key_of_statement(portfolio, day) not in flows:
        found = _rest(connection, portfolio, flows, day)
        if found is None or not is_small(*found):
            break
        rest += found[0]
        before = known_lots(connection, portfolio, latest=day - _DAY)
        day = last_moved(before, last_statement(before) or day)
    return rest


def _flow_since(flows: Mapping[str, object], portfolio: UUID, day: date, until: date) -> date | None:
    """The first statement from a day on that has, or had, a flow: it counted the sales of that day."""
    while day <= until:
        if key_of_statement(portfolio, day) in flows:
            return day
        day += _DAY
    return None


def _changed(
    connection: Connection, portfolio: UUID, flows: Flows, day: date, more: Decimal
) -> CashFlow | None:
    found = _rest(connection, portfolio, flows, day)
    key = key_of_statement(portfolio, day)
    if found is None or found[0] - more == flows[key][0]:
        return None
    return CashFlow(key, portfolio, day, found[0] - more, flows[key][0])


def _rest(
    connection: Connection, portfolio: UUID, flows: Flows, day: date
) -> tuple[Decimal, Sequence[Decimal]] | None:
    """What a statement leaves open, and its trades, without the sales that flows before it count."""
    found = rest_of(connection, portfolio, flows, day)
    if found is None:
        return None
    before = known_lots(connection, portfolio, latest=day - _DAY)
    until = last_moved(before, last_statement(before) or day)
    then, after = (known_lots(connection, portfolio, latest=latest) for latest in (until, day))
    told = corrections(connection, then, after, until)
    counted = [amount for first, amount in told if _flow_since(flows, portfolio, first, until)]
    return found[0] + sum(counted, Decimal(0)), found[1]


def _kind(amount: Decimal) -> str:
    return f"a {named(amount)}" if amount else "no flow"
