"""Exposures, groups and concentration of a portfolio on a day (method 5)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from tests.reference import greeks
from tests.reference.facts import Facts
from tests.reference.valuation import ZERO, PortfolioDay, PositionDay, cents

DIMENSIONS = ("symbol", "sector", "investment_class", "position_type")


def delta_adjusted(position: PositionDay) -> Decimal | None:
    """Market value; for an option delta x quantity x multiplier x underlying price, None without a delta."""
    option = position.option
    if option is None:
        return position.market_value
    if option.terms is None or option.volatility is None:
        return None
    delta = greeks.greeks(option.terms, option.volatility)["delta"]
    units = float(position.quantity) * position.lot.multiplier
    return cents(delta * units * option.terms.spot)


def is_cash(position: PositionDay) -> bool:
    """Cash and money-market funds: in equity, out of exposures at market."""
    lot = position.lot
    return lot.subtype in ("CASH", "MONEY_MARKET") or lot.symbol.startswith("CASH_")


def cash_and_equivalents(day: PortfolioDay) -> Decimal:
    """Market value of cash positions, negative for borrowed cash."""
    return sum((row.market_value for row in day.open_positions if is_cash(row)), ZERO)


def four(values: Iterable[Decimal], suffix: str = "") -> dict[str, Decimal]:
    """Long, short, gross and net of signed values."""
    known = list(values)
    long = sum((value for value in known if value > 0), ZERO)
    short = -sum((value for value in known if value < 0), ZERO)
    names = ("long_exposure", "short_exposure", "gross_exposure", "net_exposure")
    return {
        name + suffix: value
        for name, value in zip(names, (long, short, long + short, long - short), strict=True)
    }


def position_type(position: PositionDay) -> str:
    lot = position.lot
    if not lot.is_option:
        return "LONG" if lot.quantity > 0 else "SHORT"
    return ("L" if lot.quantity > 0 else "S") + lot.option_type[0]


def sector(facts: Facts, position: PositionDay) -> str:
    if position.lot.is_private:
        return "Private"
    return facts.profile(position.lot.name, position.day).get("sector") or "Unclassified"


def bucket(facts: Facts, position: PositionDay, dimension: str) -> str:
    """The group of a position within a partitioning dimension."""
    return {
        "symbol": position.lot.name,
        "sector": sector(facts, position),
        "investment_class": position.lot.investment_class,
        "position_type": position_type(position),
    }[dimension]


def groups(facts: Facts, day: PortfolioDay) -> dict[tuple[str, str], list[PositionDay]]:
    """Open positions other than cash, by dimension and bucket."""
    found = defaultdict(list)
    for position in day.open_positions:
        if is_cash(position):
            continue
        for dimension in DIMENSIONS:
            found[dimension, bucket(facts, position, dimension)].append(position)
    return found


def exposures(day: PortfolioDay) -> dict[str, Decimal | float | None]:
    """The totals of a portfolio, at market, at cost and delta-adjusted."""
    positions = day.open_positions
    market = [row for row in positions if not is_cash(row)]
    totals: dict[str, Decimal | float | None] = {
        **four(row.market_value for row in market),
        **four((row.cost_basis for row in positions), "_at_cost"),
    }
    adjusted = [delta_adjusted(row) for row in market]
    known = None not in adjusted
    totals |= four(adjusted, "_delta_adjusted") if known else {}
    if day.equity > 0:
        totals["leverage"] = float(totals["gross_exposure"] / day.equity)
        totals["net_to_equity"] = float(totals["net_exposure"] / day.equity)
    return totals | concentration(market)


def concentration(positions: list[PositionDay]) -> dict[str, float]:
    """On gross weights of symbols, options under their underlying."""
    gross: dict[str, Decimal] = defaultdict(Decimal)
    for row in positions:
        gross[row.lot.name] += abs(row.market_value)
    total = sum(gross.values())
    if not total:
        return {}
    weights = sorted((float(value / total) for value in gross.values()), reverse=True)
    hhi = sum(weight**2 for weight in weights)
    tops = {f"top_{count}_share": sum(weights[:count]) for count in (1, 3, 5, 10)}
    return {"hhi": hhi, "effective_names": 1 / hhi, **tops}
