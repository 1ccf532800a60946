"""Black-Scholes-Merton, implied volatility and the volatility of a contract (method 6)."""

import math
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from tests.reference.american_options import american_greeks_of, american_price, american_volatility
from tests.reference.facts import Facts, Lot
from tests.reference.prices import close, split_factor

TENORS = {
    "DGS1MO": 1 / 12,
    "DGS3MO": 1 / 4,
    "DGS6MO": 1 / 2,
    "DGS1": 1.0,
    "DGS2": 2.0,
    "DGS3": 3.0,
    "DGS5": 5.0,
    "DGS7": 7.0,
    "DGS10": 10.0,
    "DGS20": 20.0,
    "DGS30": 30.0,
}
LOWEST, HIGHEST = 1e-6, 20.0  # volatilities between which a price is inverted
LONG_WINDOW, MINIMUM_SHARE = 63, 0.66
VIX = "VIX"
SINGLE_NAME = 0.65
TERM_DAYS, TERM = 30, 0.4
# docs/method.md, 6: a carried volatility stays as it is until the next quote
MOVES_WITH_VIX = True


@dataclass(frozen=True)
class Terms:
    """What a price depends on besides the volatility. years: calendar days to expiration / 365."""

    is_call: bool
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    is_american: bool

    @property
    def others(self) -> tuple[float, float, float, float]:
        """All but the spot and the side."""
        return self.strike, self.years, self.rate, self.dividend_yield


@dataclass(frozen=True)
class OptionDay:
    """A contract on a day: terms, volatility with its source, the price of valuation and its flag."""

    terms: Terms | None
    volatility: float | None
    source: str | None
    price: float
    flag: str | None
    null_reason: str | None


def _d1_d2(terms: Terms, volatility: float) -> tuple[float, float]:
    spread = volatility * math.sqrt(terms.years)
    growth = (terms.rate - terms.dividend_yield) * terms.years
    d1 = (math.log(terms.spot / terms.strike) + growth) / spread + spread / 2
    return d1, d1 - spread


def price(terms: Terms, volatility: float) -> float:
    """Hull, chapter 17; of an American option by its exercise boundary."""
    if terms.is_american:
        return american_price(terms.is_call, terms.spot, *terms.others, volatility)
    d1, d2 = _d1_d2(terms, volatility)
    spot = terms.spot * math.exp(-terms.dividend_yield * terms.years)
    strike = terms.strike * math.exp(-terms.rate * terms.years)
    if terms.is_call:
        return float(spot * norm.cdf(d1) - strike * norm.cdf(d2))
    return float(strike * norm.cdf(-d2) - spot * norm.cdf(-d1))


def intrinsic(terms: Terms) -> float:
    """The value of exercise now."""
    return max(terms.spot - terms.strike if terms.is_call else terms.strike - terms.spot, 0.0)


def greeks(terms: Terms, volatility: float) -> dict[str, float]:
    """Greeks of one share: theta and charm per calendar day, vega, rho and volga per point (Haug)."""
    if terms.is_american:
        return american_greeks_of(terms.is_call, terms.spot, *terms.others, volatility)
    d1, d2 = _d1_d2(terms, volatility)
    side = 1 if terms.is_call else -1
    rate, paid, years = terms.rate, terms.dividend_yield, terms.years
    root = math.sqrt(years)
    carry = math.exp(-paid * years)
    strike = terms.strike * math.exp(-rate * years)
    density, inside = norm.pdf(d1), norm.cdf(side * d1)
    decay = -terms.spot * carry * density * volatility / (2 * root)
    theta = decay - side * rate * strike * norm.cdf(side * d2) + side * paid * terms.spot * carry * inside
    vega = terms.spot * carry * density * root
    drift = (2 * (rate - paid) * years - d2 * volatility * root) / (2 * years * volatility * root)
    return {
        "delta": side * carry * inside,
        "gamma": carry * density / (terms.spot * volatility * root),
        "theta": theta / 365,
        "vega": vega / 100,
        "rho": side * strike * years * norm.cdf(side * d2) / 100,
        "vanna": -carry * density * d2 / volatility / 100,
        "volga": vega * d1 * d2 / volatility / 100**2,
        "charm": (side * paid * carry * inside - carry * density * drift) / 365,
    }


def implied(terms: Terms, paid: float) -> float | None:
    """The volatility at which the model gives a price; None outside the bounds without arbitrage."""
    if terms.is_american:
        return american_volatility(terms.is_call, paid, terms.spot, *terms.others)
    spot = terms.spot * math.exp(-terms.dividend_yield * terms.years)
    strike = terms.strike * math.exp(-terms.rate * terms.years)
    lowest = max(spot - strike if terms.is_call else strike - spot, 0.0)
    highest = spot if terms.is_call else strike
    if not lowest < paid < highest:
        return None
    miss = [price(terms, volatility) - paid for volatility in (LOWEST, HIGHEST)]
    if miss[0] * miss[1] > 0:
        return None
    return float(brentq(lambda v: price(terms, v) - paid, LOWEST, HIGHEST, xtol=1e-14, rtol=1e-14))


@cache
def curve(facts: Facts, day: date) -> list[tuple[float, float]]:
    """Tenors and yields of the newest Treasury curve so far."""
    known = [when for series in TENORS for when in facts.yields.get(series, {}) if when <= day]
    newest = max(known, default=None)
    return [
        (tenor, facts.yields[series][newest])
        for series, tenor in TENORS.items()
        if newest in facts.yields.get(series, {})
    ]


def rate(facts: Facts, day: date, years: float) -> float:
    """Linear between the tenors of the curve and flat outside them; 0 without a curve."""
    points = curve(facts, day)
    if not points:
        return 0.0
    return float(np.interp(years, [tenor for tenor, _ in points], [value for _, value in points]))


def terms_of(facts: Facts, lot: Lot, day: date) -> Terms | None:
    """The terms of a contract on a day; None while its underlying was never priced."""
    found = close(facts, lot.name, day)
    if found is None:
        return None
    years = (lot.expiration - day).days / 365
    return Terms(
        is_call=lot.option_type == "CALL",
        spot=float(found[0]),
        strike=float(lot.strike / split_factor(facts, lot, day)),
        years=years,
        rate=rate(facts, day, years),
        dividend_yield=float(facts.profile(lot.name, day).get("dividend_yield") or 0),
        is_american=lot.underlying not in facts.european,
    )


def quoted(facts: Facts, lot: Lot, day: date) -> tuple[float, str] | None:
    """The mid if bid and ask are positive, else the last trade."""
    row = facts.quotes.get(lot.symbol, {}).get(day)
    if row is None or split_factor(facts, lot, day) != 1:  # a quote is for the contract as it trades
        return None
    if row["bid"] and row["ask"] and row["bid"] > 0 and row["ask"] > 0:
        return float((row["bid"] + row["ask"]) / 2), "mid"
    return (float(row["last"]), "last") if row["last"] and row["last"] > 0 else None


@cache
def _implied_on(facts: Facts, lot: Lot, day: date, paid: float) -> float | None:
    return implied(terms_of(facts, lot, day), paid)


def _entry_volatility(facts: Facts, lot: Lot, day: date) -> tuple[date, float] | None:
    """Implied by the newest entry of the portfolio into the contract, lots of one day at their average."""
    own = [
        each
        for each in facts.lots
        if each.portfolio_id == lot.portfolio_id
        and each.symbol == lot.symbol
        and facts.on_or_after(each.entry_date) <= day
    ]
    for entry in sorted({facts.on_or_after(each.entry_date) for each in own}, reverse=True):
        lots = [each for each in own if facts.on_or_after(each.entry_date) == entry]
        units = sum(abs(each.quantity) for each in lots)
        paid = float(sum(abs(each.quantity) * each.entry_price for each in lots) / units)
        if entry not in facts.closes.get(lot.name, {}) or entry >= lot.expiration:
            continue
        found = _implied_on(facts, lots[0], entry, paid)
        if found is not None:
            return entry, found
    return None


def _quoted_volatility(facts: Facts, lot: Lot, day: date) -> tuple[date, float] | None:
    """Of the contract's last usable quote before the day."""
    dates = sorted((when for when in facts.quotes.get(lot.symbol, {}) if when < day), reverse=True)
    for when in dates:
        quote = quoted(facts, lot, when)
        if quote and when in facts.closes.get(lot.name, {}):
            found = implied(terms_of(facts, lot, when), quote[0])
            if found is not None:
                return when, found
    return None


def realized(returns: dict[date, float], window: list[date]) -> float | None:
    """Annualized sample deviation; None below two thirds of the window."""
    known = [returns[day] for day in window if day in returns]
    if len(known) < MINIMUM_SHARE * len(window):
        return None
    return float(np.std(known, ddof=1) * math.sqrt(252))


def moved(facts: Facts, lot: Lot, day: date, known: float, ratio: float) -> float:
    """A volatility after VIX changes by a ratio: less for single names and for long terms."""
    days = (lot.expiration - day).days
    k = 1.0 if lot.underlying in facts.broad else SINGLE_NAME
    return known * ratio ** (k * (TERM_DAYS / max(days, TERM_DAYS)) ** TERM)


def carried(facts: Facts, lot: Lot, day: date, past: tuple[date, float]) -> float:
    """A past volatility on a later day."""
    since, known = past
    levels = [close(facts, VIX, when) for when in (since, day)]
    if not MOVES_WITH_VIX or None in levels or lot.underlying == VIX:
        return known
    return moved(facts, lot, day, known, float(levels[1][0] / levels[0][0]))


def volatility(facts: Facts, lot: Lot, day: date, terms: Terms) -> tuple[float | None, str | None]:
    """The first known of: the day's quote, the last quote or entry, the underlying's 63 sessions."""
    quote = quoted(facts, lot, day)
    found = implied(terms, quote[0]) if quote else None
    if found is not None:
        return found, quote[1]
    past, entry = _quoted_volatility(facts, lot, day), _entry_volatility(facts, lot, day)
    if past and (entry is None or past[0] >= entry[0]):
        return carried(facts, lot, day, past), "carried"
    if entry:
        return carried(facts, lot, day, entry), "entry"
    value = realized(facts.returns.get(lot.name, {}), facts.window(day, LONG_WINDOW))
    return (value, "realized_63d") if value else (None, None)


def option_day(facts: Facts, lot: Lot, day: date) -> OptionDay:
    """Price and volatility of an open contract at the close of a session."""
    terms = terms_of(facts, lot, day)
    if terms is None:
        entry = float(lot.entry_price / split_factor(facts, lot, day))
        return OptionDay(None, None, None, entry, "missing_price", "no_underlying_price")
    if terms.years <= 0:
        return OptionDay(terms, None, None, intrinsic(terms), "intrinsic_value", "expired")
    known, source = volatility(facts, lot, day, terms)
    reason = None if known else "no_volatility"
    quote = quoted(facts, lot, day)
    if quote:
        return OptionDay(terms, known, source, quote[0], None, reason)
    if known:
        return OptionDay(terms, known, source, price(terms, known), "model_price", None)
    return OptionDay(terms, None, None, intrinsic(terms), "intrinsic_value", reason)
