"""Values and P&L of positions, equity and returns of portfolios (method 2 to 4)."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from uuid import UUID

from tests.reference import greeks
from tests.reference.facts import Facts, Lot
from tests.reference.prices import Price, close, private_price, share_price, split_factor

ZERO = Decimal(0)


def cents(value: Decimal | float) -> Decimal:
    """USD to the cent."""
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class PositionDay:
    """A position at the close of a session; on its last it is no longer open."""

    lot: Lot
    day: date
    is_open: bool
    price: Price
    quantity: Decimal
    market_value: Decimal
    cost_basis: Decimal
    daily_pnl: Decimal
    held_pnl: Decimal  # as if held unchanged from the close before: a sale ends at the close
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    dividends: Decimal
    option: greeks.OptionDay | None


@dataclass(frozen=True)
class PortfolioDay:
    """A portfolio at the close of a session; money in USD."""

    day: date
    positions: list[PositionDay]
    equity: Decimal
    capital: Decimal
    capital_flow: Decimal
    daily_pnl: Decimal
    public_pnl: Decimal
    daily_return: float | None
    twr_index: float | None
    drawdown: float | None
    cumulative_pnl: Decimal
    cumulative_realized: Decimal
    cumulative_dividends: Decimal

    @property
    def open_positions(self) -> list[PositionDay]:
        return [position for position in self.positions if position.is_open]

    @property
    def net_market_value(self) -> Decimal:
        return sum((position.market_value for position in self.positions), ZERO)


def first_session(facts: Facts, lot: Lot) -> date:
    return facts.on_or_after(lot.entry_date)


def last_session(facts: Facts, lot: Lot) -> date | None:
    """The session of exit or settlement; None for a position without an end."""
    ends = []
    if lot.exit_date:
        ends.append(facts.on_or_after(lot.exit_date))
    if lot.expiration:
        ends.append(facts.on_or_before(lot.expiration))
    return min(ends, default=None)


def unit_price(facts: Facts, lot: Lot, day: date) -> tuple[Price, greeks.OptionDay | None]:
    """The price of a share of the day at its close."""
    if lot.is_private:
        return private_price(facts, lot, day), None
    if lot.is_cash:
        return Price(Decimal(1), None), None
    if not lot.is_option:
        return share_price(facts, lot, day), None
    found = greeks.option_day(facts, lot, day)
    return Price(Decimal(found.price), found.flag), found


def end_price(facts: Facts, lot: Lot, day: date) -> Price:
    """The exit price, the intrinsic value at expiration, or the close if no price is stated."""
    if lot.exit_date and lot.exit_price is not None and facts.on_or_after(lot.exit_date) == day:
        after_exit = [
            split.ratio
            for split in facts.splits[lot.name]
            if lot.exit_date < split.ex_date and split.session <= day
        ]
        return Price(lot.exit_price / math.prod(after_exit, start=Decimal(1)), None)
    if lot.is_option and facts.on_or_before(lot.expiration) == day:
        found = close(facts, lot.name, day)
        if found is None:
            return Price(lot.entry_price / split_factor(facts, lot, day), "missing_price")
        strike = lot.strike / split_factor(facts, lot, day)
        side = 1 if lot.option_type == "CALL" else -1
        return Price(max(side * (found[0] - strike), ZERO), None)
    return unit_price(facts, lot, day)[0]


def dividend(facts: Facts, lot: Lot, day: date) -> Decimal:
    """Cash for the shares held before the ex-date, whose session is the day."""
    if lot.investment_class != "PUBLIC":
        return ZERO
    paid = ZERO
    for ex_date, value in facts.dividends[lot.symbol]:
        if facts.on_or_after(ex_date) != day or not lot.entry_date < ex_date:
            continue
        if lot.exit_date and lot.exit_date < ex_date:
            continue
        held = [split.ratio for split in facts.splits[lot.symbol] if lot.entry_date < split.ex_date < ex_date]
        paid += value * lot.quantity * math.prod(held, start=Decimal(1))
    return cents(paid)


def position_days(facts: Facts, lot: Lot, until: date) -> list[PositionDay]:
    """Every session of a position from its entry to its end, or to `until`."""
    end = last_session(facts, lot)
    cost = cents(lot.quantity * lot.multiplier * lot.entry_price)
    found: list[PositionDay] = []
    before = cost
    for day in facts.sessions[facts.number[first_session(facts, lot)] : facts.number[until] + 1]:
        if end is not None and day > end:
            break
        is_open = day != end
        quantity = lot.quantity * split_factor(facts, lot, day)
        price, option = unit_price(facts, lot, day) if is_open else (end_price(facts, lot, day), None)
        value = cents(quantity * lot.multiplier * price.value)
        paid = dividend(facts, lot, day)
        found.append(
            PositionDay(
                lot=lot,
                day=day,
                is_open=is_open,
                price=price,
                quantity=quantity,
                market_value=value if is_open else ZERO,
                cost_basis=cost,
                daily_pnl=value - before + paid,
                held_pnl=(value if is_open else _held_value(facts, lot, day)) - before + paid,
                unrealized_pnl=value - cost if is_open else ZERO,
                realized_pnl=ZERO if is_open else value - cost,
                dividends=paid,
                option=option,
            )
        )
        before = value
    return found


def _held_value(facts: Facts, lot: Lot, day: date) -> Decimal:
    """Of a position on its last session: an option settles, a sale at a price is ignored."""
    is_settled = lot.is_option and facts.on_or_before(lot.expiration) == day
    price = end_price(facts, lot, day) if is_settled else unit_price(facts, lot, day)[0]
    return cents(lot.quantity * split_factor(facts, lot, day) * lot.multiplier * price.value)


class Book:
    """All portfolios on every session up to the last published one."""

    def __init__(self, facts: Facts, until: date) -> None:
        self.facts = facts
        self.until = until

    @cached_property
    def _positions(self) -> dict[UUID, list[PositionDay]]:
        found: dict[UUID, list[PositionDay]] = {portfolio: [] for portfolio in self.facts.portfolios}
        for lot in self.facts.lots:
            found[lot.portfolio_id].extend(position_days(self.facts, lot, self.until))
        return found

    @cached_property
    def days(self) -> dict[UUID, dict[date, PortfolioDay]]:
        """Snapshots by portfolio and session."""
        return {
            portfolio: {row.day: row for row in self._snapshots(portfolio)}
            for portfolio in self.facts.portfolios
        }

    def _flow(self, portfolio: UUID, day: date) -> Decimal:
        flows = [
            row["amount"]
            for row in self.facts.raw["capital_flows"]
            if row["portfolio_id"] == portfolio and self.facts.on_or_after(row["flow_date"]) == day
        ]
        return cents(sum(flows, ZERO))

    def _snapshots(self, portfolio: UUID) -> list[PortfolioDay]:
        facts = self.facts
        stated = facts.portfolios[portfolio]
        first = facts.on_or_after(stated["inception_date"])
        equity = cents(stated["initial_equity"])
        index: float | None = 1.0
        peak = 1.0
        found: list[PortfolioDay] = []
        total = realized = dividends = ZERO
        for day in facts.sessions[facts.number[first] : facts.number[self.until] + 1]:
            rows = [row for row in self._positions[portfolio] if row.day == day]
            pnl = sum((row.daily_pnl for row in rows), ZERO)
            flow = self._flow(portfolio, day)
            capital = equity + flow
            equity = capital + pnl
            gain = float(pnl / capital) if capital > 0 else None
            index = index * (1 + gain) if index is not None and gain is not None and equity > 0 else None
            peak = max(peak, index) if index is not None else peak
            total += pnl
            realized += sum((row.realized_pnl for row in rows), ZERO)
            dividends += sum((row.dividends for row in rows), ZERO)
            found.append(
                PortfolioDay(
                    day=day,
                    positions=rows,
                    equity=equity,
                    capital=capital,
                    capital_flow=flow,
                    daily_pnl=pnl,
                    public_pnl=sum((row.daily_pnl for row in rows if not row.lot.is_private), ZERO),
                    daily_return=gain,
                    twr_index=index,
                    drawdown=None if index is None else index / peak - 1,
                    cumulative_pnl=total,
                    cumulative_realized=realized,
                    cumulative_dividends=dividends,
                )
            )
        return found
