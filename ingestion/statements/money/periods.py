"""What trades leave open of each change of cash, with all of them as the newest statement tells them.

A period lies between two statements that changed the balance. A trade belongs to the period of its day. One
that a later statement told first may be in the balance of its day, or only in that of the later one: it
belongs where it leaves less of both changes open.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ingestion.statements.money.balances import is_small
from ingestion.statements.money.told import DatedTrade
from ingestion.statements.money.values import CENT

_NOTHING = Decimal(0)


@dataclass
class Period:
    """last, as_of: the statements. change: of cash less known flows, USD; None if not known."""

    last: date
    as_of: date
    change: Decimal | None
    trades: list[DatedTrade] = field(default_factory=list)

    @property
    def amounts(self) -> list[Decimal] | None:
        """What the trades brought, USD; None if a price is missing."""
        amounts = [trade.amount for trade in self.trades if trade.amount is not None]
        return amounts if len(amounts) == len(self.trades) else None

    @property
    def rest(self) -> Decimal | None:
        """What the trades leave open of the change, USD; None if that or a price is not known."""
        if self.change is None or self.amounts is None:
            return None
        return (self.change - sum(self.amounts, _NOTHING)).quantize(CENT)

    def flow(self, open_until: Decimal) -> Decimal:
        """The capital flow: the rest, unless it is small beside the trades or not known."""
        if self.rest is None or self.amounts is None:
            return _NOTHING
        amount = self.rest + self.made_good(open_until)
        return _NOTHING if is_small(amount, self.amounts) else amount

    def made_good(self, open_until: Decimal) -> Decimal:
        """The small rests of the periods before, if they leave less open with it, else 0."""
        rest = self.rest or _NOTHING
        return open_until if abs(rest + open_until) < abs(rest) else _NOTHING

    def has_trades_of(self, other: "Period") -> bool:
        """Whether the trades of both brought the same amounts."""
        return Counter(trade.amount for trade in self.trades) == Counter(
            trade.amount for trade in other.trades
        )


def fill(periods: Sequence[Period], trades: Iterable[DatedTrade]) -> None:
    """Sort trades into the periods; the first one is what was before the first balance."""
    ends = [period.as_of for period in periods]
    late: list[tuple[DatedTrade, Period, Period]] = []
    for trade in trades:
        own, told = (bisect_left(ends, day) for day in (trade.day, trade.told))
        if own == 0:
            own = told = 0 if trade.is_late else told
        if own == told or trade.amount is None:
            periods[told].trades.append(trade)
        else:
            late.append((trade, periods[own], periods[told]))
    for trade, period, later in sorted(late, key=lambda one: -abs(one[0].amount or _NOTHING)):
        by_day = _left_open(_open(period, trade), _open(later))
        by_told = _left_open(_open(period), _open(later, trade))
        (period if by_day <= by_told else later).trades.append(trade)


def _left_open(*rests: Decimal) -> tuple[Decimal, Decimal]:
    """What two changes leave open: the smaller one first, since few statements have a flow."""
    return min(map(abs, rests)), sum(map(abs, rests), _NOTHING)


def _open(period: Period, trade: DatedTrade | None = None) -> Decimal:
    if period.rest is None:
        return _NOTHING
    return period.rest - ((trade.amount if trade else None) or _NOTHING)
