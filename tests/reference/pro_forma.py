"""Past returns of the holdings of a date, missing ones stood in for by factors (method 8).

The residual that is drawn for a missing return depends on a generator, which is not repeated here.
"""

from dataclasses import dataclass
from datetime import date

from tests.reference import risk_model
from tests.reference.facts import Facts


@dataclass(frozen=True)
class Past:
    """Returns of a symbol, known or proxied, and which are proxied."""

    returns: dict[date, float]
    proxied: set[date]


def past_returns(facts: Facts, symbol: str, day: date, window: list[date]) -> Past | None:
    """A symbol's returns over a window as seen on a day; None if one is missing and it has no betas."""
    known = facts.returns.get(symbol, {})
    found = {when: known[when] for when in window if when in known}
    missing = [when for when in window if when not in found]
    if missing:
        fit = risk_model.fit(facts, symbol, day)
        if fit is None:
            return None
        for when in missing:
            found[when] = explained(facts, fit, day, when)
    return Past(found, set(missing))


def explained(facts: Facts, fit: risk_model.Fit, day: date, when: date) -> float:
    """Betas of the day times the factor returns of a session; an unknown one adds nothing."""
    series = risk_model.moves(facts, day).series
    return sum(
        beta * series[name].get(when, 0.0) for name, beta in zip(risk_model.NAMES, fit.betas, strict=True)
    )


def pro_forma(weights: dict[str, float], pasts: dict[str, Past], window: list[date]) -> dict[date, float]:
    """Weights of the date times past returns."""
    return {
        when: sum(weight * pasts[name].returns[when] for name, weight in weights.items() if name in pasts)
        for when in window
    }


def proxied_share(weights: dict[str, float], pasts: dict[str, Past], window: list[date]) -> float:
    """Share of the history that is proxied, weighted by gross."""
    gross = {name: abs(weight) for name, weight in weights.items() if name in pasts}
    proxied = sum(gross[name] * len(pasts[name].proxied) for name in gross)
    return proxied / (sum(gross.values()) * len(window))
