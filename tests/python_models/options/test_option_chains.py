"""Prices, Greeks and implied volatilities compared with a vendor's, on full chains of one underlying."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from python_models.options.american.sensitivities import american_greeks
from python_models.options.greeks import option_greeks
from python_models.options.implied_volatility import implied_volatility

RATE, DIVIDEND_YIELD = 0.0215, 0.0155


def _read(market_folder: Path, day: str) -> pd.DataFrame:
    """A chain's options of 14 to 200 days with a vendor delta of 0.1 to 0.9."""
    chain = pd.read_csv(
        market_folder / f"option_chain_spy_{day}.csv", parse_dates=["quote_date", "expiration_date"]
    )
    days = (chain["expiration_date"] - chain["quote_date"]).dt.days
    chain = chain.assign(years=days / 365, is_call=chain["option_type"] == "call")
    return chain[days.between(14, 200) & chain["delta"].abs().between(0.1, 0.9)]


def _inputs(chain: pd.DataFrame, spot: float | pd.Series) -> list[object]:
    return [spot, chain["strike_price"], chain["years"], RATE, DIVIDEND_YIELD]


def test_price_and_delta_at_the_vendors_volatility_are_close_to_the_vendors(market_folder: Path) -> None:
    chain = _read(market_folder, "2022-07-12")
    greeks = option_greeks(
        chain["is_call"], *_inputs(chain, chain["underlying_price"]), chain["implied_volatility"]
    )
    assert len(chain) > 2000
    assert np.median(np.abs(greeks.price - chain["theoretical_price"])) < 0.06
    assert np.median(np.abs(greeks.delta - chain["delta"])) < 0.009


@pytest.mark.parametrize("name", ["gamma", "theta", "vega", "rho"])
def test_other_greeks_have_the_vendors_unit_and_sign(market_folder: Path, name: str) -> None:
    """The vendor allows early exercise; a wrong unit would be off by a factor of 100 or 365."""
    chain = _read(market_folder, "2022-07-12")
    chain = chain[chain[name] != 0]
    greeks = option_greeks(
        chain["is_call"], *_inputs(chain, chain["underlying_price"]), chain["implied_volatility"]
    )
    ratio = getattr(greeks, name) / chain[name]
    assert np.median(ratio) == pytest.approx(1, abs=0.10)
    assert np.median(np.abs(ratio - 1)) < 0.10


def test_american_puts_are_closer_to_the_vendors_than_european_ones(market_folder: Path) -> None:
    """The vendor allows early exercise, which shortens a put: what it changes most is rho."""
    chain = _read(market_folder, "2022-07-12")
    puts = chain[~chain["is_call"] & (chain["rho"] != 0)]
    inputs = [False, *_inputs(puts, puts["underlying_price"]), puts["implied_volatility"]]
    american, european = american_greeks(*inputs), option_greeks(*inputs)
    for name, share in (("rho", 0.5), ("gamma", 0.9), ("delta", 1.0)):
        errors = (
            np.median(np.abs(getattr(greeks, name) / puts[name] - 1)) for greeks in (american, european)
        )
        assert next(errors) < share * next(errors), name


def test_implied_volatility_of_mid_prices_is_close_to_the_vendors(market_folder: Path) -> None:
    chain = _read(market_folder, "2022-07-08")
    spot = _spot_by_parity(chain)
    assert spot == pytest.approx(389.15, abs=0.3)
    mid = (chain["bid"] + chain["ask"]) / 2
    found = implied_volatility(chain["is_call"], mid, *_inputs(chain, spot))
    error = found.volatility - chain["implied_volatility"]
    assert (found.status == "ok").mean() > 0.99
    assert abs(np.nanmedian(error)) < 0.0015
    assert np.nanmedian(np.abs(error)) < 0.0035  # one rate and one yield for all expirations


def _spot_by_parity(chain: pd.DataFrame) -> float:
    """The spot implied by put-call parity, the median over the first expiration's strikes."""
    first = chain[chain["expiration_date"] == chain["expiration_date"].min()]
    first = first.assign(mid=(first["bid"] + first["ask"]) / 2)
    pairs = first.pivot_table(index=["strike_price", "years"], columns="option_type", values="mid").dropna()
    strike, years = (pairs.index.get_level_values(name).to_numpy() for name in pairs.index.names)
    forward_value = pairs["call"] - pairs["put"] + strike * np.exp(-RATE * years)
    return float(np.median(forward_value * np.exp(DIVIDEND_YIELD * years)))
