"""Volatility and tail risk of portfolios, tested by hand, against a slow plain loop, and by invariants."""

import hashlib
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import integrate, stats

from python_models.portfolio.days import PastReturns
from python_models.portfolio.risk import portfolio_return_risk
from python_models.portfolio.value_at_risk import RiskConfig
from tests.method_config import FACTOR_CONFIG, RISK_CONFIG, VOLATILITY_CONFIG
from warehouse.method import method_variables
from warehouse.settings import project_root

FACTORS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
RISK = FACTORS[FACTORS["model"] == "risk"]
NAMES = RISK["factor"].tolist()
FUNDS = {name: proxy for name, proxy in zip(NAMES, RISK["proxy_symbol"], strict=True) if proxy != "DGS10"}
VOLATILITY = [
    *("realized_volatility_21d", "realized_volatility_63d", "forecast_volatility_21d", "forecast_model"),
    *("forecast_volatility_21d_garch", "forecast_volatility_21d_ewma", "forecast_volatility_21d_har"),
    "har_r_squared",
    *("is_forecast_fallback", "proxied_share", "volatility_trend", "volatility_percentile"),
]
RESIDUAL_MINIMUM = method_variables()["residual_minimum"]
SECTORS = {"AAA": "Technology", "BBB": "Energy"}  # NEW, with 50 returns, has no sector and no residuals
SESSIONS = 320
FIRST_SESSION = 1000  # an arbitrary first number
CALENDAR = pd.bdate_range("2024-01-02", periods=SESSIONS).as_unit("us")
DAY = CALENDAR[-1]
EQUITY = {"long": 1_000_000.0, "levered": 400_000.0, "options": 250_000.0, "bankrupt": -20_000.0}
Row = dict[str, Any]


# --- a market with missing values of every kind ---


def _market(seed: int = 3) -> dict[str, dict[int, float]]:
    """Returns by symbol and session; STALE has missing days, NEW is listed late, GONE has no betas."""
    rng = np.random.default_rng(seed)
    market = rng.standard_t(5, SESSIONS) * 0.008
    series = {"SPY": market}
    for fund in [*FUNDS.values(), "TLT"]:
        series.setdefault(fund, rng.uniform(0.6, 1.3) * market + rng.normal(0, 0.004, SESSIONS))
    for stock in ["AAA", "BBB", "CCC", "STALE", "NEW", "GONE"]:
        series[stock] = rng.uniform(0.3, 1.8) * market + rng.normal(0, 0.012, SESSIONS)
    holes = {
        "STALE": rng.choice(SESSIONS - 40, 60, replace=False).tolist(),
        "NEW": range(SESSIONS - 50),
        "IWM": [SESSIONS - 7, SESSIONS - 100],
        "SPY": [SESSIONS - 31],
    }
    return {
        symbol: {
            FIRST_SESSION + place: float(value)
            for place, value in enumerate(values)
            if place not in holes.get(symbol, [])
        }
        for symbol, values in series.items()
    }


def _yields(seed: int = 4) -> dict[int, float]:
    rng = np.random.default_rng(seed)
    holidays = {5, SESSIONS - 3, SESSIONS - 90}
    return {
        FIRST_SESSION + place: float(rng.normal(0, 0.0006))
        for place in range(SESSIONS)
        if place not in holidays
    }


def _beta_table(seed: int = 5) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    table = {
        symbol: {name: float(rng.normal(0.3, 0.5)) for name in NAMES}
        for symbol in ["AAA", "BBB", "CCC", "STALE", "NEW"]
    }
    table["SPY"] = {name: float(name == "Market") for name in NAMES}
    return table


def _past(
    market: dict[str, dict[int, float]],
    yields: dict[int, float],
    betas: dict[str, dict[str, float]],
    dates: list[pd.Timestamp] | None = None,
) -> PastReturns:
    returns = pd.DataFrame(
        [
            (symbol, CALENDAR[session - FIRST_SESSION], session, value)
            for symbol, series in market.items()
            for session, value in series.items()
        ],
        columns=["symbol", "as_of_date", "session_number", "daily_return"],
    )
    changes = pd.DataFrame(yields.items(), columns=["session_number", "yield_change"])
    table = pd.DataFrame(
        [
            (date, symbol, factor, beta)
            for date in dates or [DAY]
            for symbol, row in betas.items()
            for factor, beta in row.items()
        ],
        columns=["as_of_date", "symbol", "factor", "beta"],
    )
    return PastReturns(returns, changes, table, FACTORS, FACTOR_CONFIG, RESIDUAL_MINIMUM)


# delta exposure of options in USD: part of the exposure, not of the linear exposure
DELTAS = {("options", "AAA"): 27_000.0, ("options", "CCC"): 41_000.0, ("levered", "AAA"): -16_000.0}


def _exposure(portfolio: str, symbol: str, size: float) -> float:
    return size + DELTAS.get((portfolio, symbol), 0.0)


def _holdings(books: dict[str, dict[str, float]], date: pd.Timestamp = DAY) -> pd.DataFrame:
    """Holdings by portfolio and symbol in USD; the default equity is a million."""
    rows = [
        (
            portfolio,
            date,
            symbol,
            SECTORS.get(symbol),
            _exposure(portfolio, symbol, size),
            size,
            EQUITY.get(portfolio, 1e6),
        )
        for portfolio, book in books.items()
        for symbol, size in book.items()
    ]
    columns = ["portfolio_id", "as_of_date", "symbol", "sector", "exposure", "linear_exposure", "equity"]
    return pd.DataFrame(rows, columns=columns)


BOOKS: dict[str, dict[str, float]] = {
    "long": {"AAA": 300_000.0, "BBB": 250_000.0, "STALE": 200_000.0, "NEW": 90_000.0},
    "levered": {"SPY": 900_000.0, "AAA": 30_000.0, "CCC": -500_000.0, "NEW": 100_000.0, "GONE": 70_000.0},
    "options": {"AAA": 50_000.0, "CCC": 20_000.0},
    "bankrupt": {"BBB": 40_000.0, "CCC": -10_000.0},
}


def _option(**changes: object) -> Row:
    option: Row = {
        "portfolio_id": "options",
        "as_of_date": DAY,
        "contract": "AAA call",
        "symbol": "AAA",
        "option_type": "CALL",
        "exercise": "EUROPEAN",
        "underlying_price": 100.0,
        "strike_price": 105.0,
        "years_to_expiration": 0.4,
        "risk_free_rate": 0.04,
        "dividend_yield": 0.01,
        "implied_volatility": 0.3,
        "units": 500.0,
    }
    return option | changes


OPTIONS = pd.DataFrame(
    [
        _option(),
        _option(contract="CCC put", symbol="CCC", option_type="PUT", strike_price=95.0, units=-1200.0),
        _option(contract="AAA put", option_type="PUT", strike_price=90.0, units=700.0),
        _option(contract="CCC call", symbol="CCC", strike_price=110.0, units=-900.0),
        _option(contract="AAA far call", strike_price=140.0, years_to_expiration=1.7, units=333.0),
        _option(portfolio_id="levered", units=-300.0),  # the same contract, sold
    ]
)
NO_OPTIONS = OPTIONS.iloc[:0]
PAST = _past(_market(), _yields(), _beta_table())


def _volatility(holdings: pd.DataFrame, past: PastReturns = PAST) -> pd.DataFrame:
    found = portfolio_return_risk(
        holdings, NO_OPTIONS, past, volatility_rules=VOLATILITY_CONFIG, risk_rules=RISK_CONFIG
    )
    figures = found[["portfolio_id", "as_of_date", *VOLATILITY]]
    return figures.dropna(how="all", subset=VOLATILITY).reset_index(drop=True)


def _tail(
    holdings: pd.DataFrame,
    options: pd.DataFrame = NO_OPTIONS,
    past: PastReturns = PAST,
    rules: RiskConfig = RISK_CONFIG,
) -> pd.DataFrame:
    found = portfolio_return_risk(
        holdings, options, past, volatility_rules=VOLATILITY_CONFIG, risk_rules=rules
    )
    return found[found["scenario_days"].notna()].reset_index(drop=True)


# --- the second implementation: plain loops over dictionaries ---


def _slow_factors(
    market: dict[str, dict[int, float]], yields: dict[int, float], last: int, history: int
) -> dict[str, dict[int, float]]:
    """Each factor by session: SPY unchanged, the others less their line on it by statsmodels' WLS."""
    sessions = range(max(FIRST_SESSION, last - history + 1), last + 1)
    spy = market["SPY"]
    trading = [s for s in range(max(FIRST_SESSION, last - 503), last + 1) if s in spy]
    raw = {name: market[proxy] for name, proxy in FUNDS.items()}
    if sum(s in yields for s in trading) >= 0.9 * len(trading):
        raw["Interest Rate"] = yields
    else:
        raw["Interest Rate"] = {s: -value / 16 for s, value in market["TLT"].items()}
    factors = {}
    for name in NAMES:
        series = raw[name]
        if name != "Market":
            both = [s for s in trading if s in series]
            weights = [0.5 ** ((last - s) / 126) for s in both]
            regressor = sm.add_constant([spy[s] for s in both])
            intercept, slope = sm.WLS([series[s] for s in both], regressor, weights=weights).fit().params
            series = {s: series[s] - intercept - slope * spy[s] for s in sessions if s in series and s in spy}
        factors[name] = series
    return factors


def _slow_outcomes(
    market: dict[str, dict[int, float]],
    yields: dict[int, float],
    betas: dict[str, dict[str, float]],
    last: int,
    symbol: str,
    *,
    history: int = 272,
) -> tuple[dict[int, float], dict[int, float]]:
    """A symbol's returns by session with proxies, and the proxies alone."""
    if set(betas.get(symbol, {})) != set(NAMES):
        return {}, {}
    factors = _slow_factors(market, yields, last, 504)

    def fitted(session: int) -> float:
        return sum(betas[symbol][name] * factors[name].get(session, 0.0) for name in NAMES)

    window = range(max(FIRST_SESSION, last - 503), last + 1)
    residuals = [
        market[symbol][s] - fitted(s) for s in window if s in market[symbol] and s in factors["Market"]
    ]
    mean = statistics.mean(residuals)
    pool = sorted(residual - mean for residual in residuals)
    known, proxies = {}, {}
    for session in range(max(FIRST_SESSION, last - history + 1), last + 1):
        if session in market[symbol]:
            known[session] = market[symbol][session]
        elif session in factors["Market"]:
            place = int(_slow_uniform(symbol, session) * len(pool))
            proxies[session] = fitted(session) + (pool[place] if len(pool) >= 60 else 0.0)
    return known | proxies, proxies


def _slow_uniform(symbol: str, session: int) -> float:
    """SplitMix64 with whole numbers, from the hash of the symbol, at the day of the session."""
    day = (CALENDAR[session - FIRST_SESSION] - pd.Timestamp(0)).days
    z = int.from_bytes(hashlib.blake2b(symbol.encode(), digest_size=8).digest(), "little")
    z = (z + 0x9E3779B97F4A7C15 * (day + 1)) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return ((z ^ z >> 31) >> 11) / 2**53


def _slow_option(option: Row, move: float) -> float:
    """Black-Scholes-Merton by the error function."""
    spot, strike = option["underlying_price"] * (1 + move), option["strike_price"]
    years, rate = option["years_to_expiration"], option["risk_free_rate"]
    carry, volatility = option["dividend_yield"], option["implied_volatility"]
    width = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - carry + volatility**2 / 2) * years) / width
    sign = 1 if option["option_type"] == "CALL" else -1

    def below(x: float) -> float:
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    forward = spot * math.exp(-carry * years) * below(sign * d1)
    return sign * (forward - strike * math.exp(-rate * years) * below(sign * (d1 - width)))


def _slow_realized(series: dict[int, float], last: int, window: int) -> float:
    known = [series[s] for s in range(last - window + 1, last + 1) if s in series]
    return math.sqrt(252) * statistics.stdev(known) if len(known) >= window * 2 / 3 else math.nan


def _slow_ewma(series: dict[int, float], last: int) -> float:
    """Annualized root of the mean square with weights 0.94^age over the known returns of 252 sessions."""
    known = [series[s] for s in range(last - 251, last + 1) if s in series]
    weights = [0.94**age for age in range(len(known))]
    total = sum(weight * value**2 for weight, value in zip(weights, reversed(known), strict=True))
    return math.sqrt(252 * total / sum(weights))


def _slow_volatility(series: dict[int, float], last: int) -> Row:
    """HAR, percentile and trend by their definitions (method, section 8)."""

    def mean_square(end: int, window: int) -> float:
        values = [series.get(s, math.nan) ** 2 for s in range(end - window + 1, end + 1)]
        return sum(values) / window

    def regressors(s: int) -> list[float]:
        return [mean_square(s, window) for window in (1, 5, 21)]

    rows = [(regressors(s), mean_square(s + 21, 21)) for s in range(last - 251, last - 20)]
    rows = [(x, y) for x, y in rows if not np.isnan([*x, y]).any()]
    fit = sm.OLS([y for _, y in rows], sm.add_constant([x for x, _ in rows])).fit()
    variance = float(fit.params @ [1.0, *regressors(last)])
    now, before = _slow_realized(series, last, 21), _slow_realized(series, last - 10, 21)
    past = [_slow_realized(series, s, 21) for s in range(last - 251, last + 1)]
    long = _slow_realized(series, last, 63)
    trend = "increasing" if now > 1.05 * before else "decreasing" if now < 0.95 * before else "stable"
    return {
        "realized_volatility_21d": now,
        "realized_volatility_63d": long,
        "forecast_volatility_21d": _slow_ewma(series, last),
        "forecast_model": "ewma",
        "forecast_volatility_21d_ewma": _slow_ewma(series, last),
        "forecast_volatility_21d_har": long if variance <= 0 else math.sqrt(252 * variance),  # NaN stays
        "har_r_squared": fit.rsquared,
        "is_forecast_fallback": variance <= 0,
        "volatility_trend": trend,
        "volatility_percentile": sum(v <= now for v in past) / sum(not math.isnan(v) for v in past),
    }


def _slow_tail(outcomes: list[float]) -> Row:
    """Quantiles by numpy, moments by scipy, the Cornish-Fisher shortfall by numerical integration."""
    mean, deviation = statistics.mean(outcomes), statistics.stdev(outcomes)
    skew, kurtosis = stats.skew(outcomes, bias=False), stats.kurtosis(outcomes, bias=False)

    def bent(probability: float) -> float:
        z = stats.norm.ppf(probability)
        return float(
            z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
        )

    bends = np.diff([bent(probability) for probability in np.linspace(0.005, 0.995, 2_001)])
    known = 1.0 if (bends > 0).all() else math.nan
    result: Row = {"scenario_days": len(outcomes)}
    for label, alpha in (("95", 0.05), ("99", 0.01)):
        cut = float(np.quantile(outcomes, alpha))
        normal = stats.norm(mean, deviation)
        result[f"var_{label}_1d"] = -cut
        result[f"es_{label}_1d"] = -statistics.mean(value for value in outcomes if value <= cut)
        result[f"var_{label}_1d_parametric"] = -normal.ppf(alpha)
        result[f"es_{label}_1d_parametric"] = -normal.expect(ub=normal.ppf(alpha), conditional=True)
        result[f"var_{label}_1d_cornish_fisher"] = -(mean + deviation * bent(alpha)) * known
        tail, _ = integrate.quad(bent, 0, alpha, epsabs=1e-12, limit=500)
        result[f"es_{label}_1d_cornish_fisher"] = -(mean + deviation * tail / alpha) * known
        result[f"var_{label}_10d"] = -cut * math.sqrt(10)
    return result


def _slow_filter(outcomes: dict[int, float], last: int) -> Row:
    """Filtered figures: each outcome of 252 sessions times today's EWMA volatility over that before it."""

    def volatility(end: int) -> float:
        known = [outcomes[s] for s in range(last - 314, end + 1) if s in outcomes]
        weights = [0.94**age for age in range(len(known))]
        squares = sum(weight * value**2 for weight, value in zip(weights, reversed(known), strict=True))
        return math.sqrt(squares / sum(weights))

    window = [s for s in range(last - 251, last + 1) if s in outcomes]
    scaled = [outcomes[s] * volatility(last) / volatility(s - 1) for s in window]
    cuts = {label: float(np.quantile(scaled, alpha)) for label, alpha in (("95", 0.05), ("99", 0.01))}
    return {f"var_{label}_1d_filtered": -cut for label, cut in cuts.items()} | {
        f"es_{label}_1d_filtered": -statistics.mean(value for value in scaled if value <= cut)
        for label, cut in cuts.items()
    }


def _added(parts: list[tuple[float, dict[int, float]]], last: int, history: int) -> dict[int, float]:
    """Sum of holdings times outcomes, on the sessions known for all of them."""
    parts = [(size, series) for size, series in parts if series]
    return {
        session: sum(size * series[session] for size, series in parts)
        for session in range(last - history + 1, last + 1)
        if parts and all(session in series for _, series in parts)
    }


def _assert_close(found: pd.Series, expected: Row, rel: float = 1e-8) -> None:
    for name, value in expected.items():
        if isinstance(value, str | bool | np.bool_):
            assert found[name] == value, name
        else:
            tolerance = 1e-6 if "es_" in name and ("cornish" in name or "parametric" in name) else rel
            assert found[name] == pytest.approx(value, rel=tolerance, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("back", [0, 1, 20])
def test_volatility_equals_a_slow_loop(back: int) -> None:
    market, yields, betas = _market(), _yields(), _beta_table()
    day, last = CALENDAR[-1 - back], FIRST_SESSION + SESSIONS - 1 - back
    found = _volatility(_holdings(BOOKS, day), _past(market, yields, betas, [day]))
    found = found.set_index("portfolio_id")
    assert sorted(found.index) == ["levered", "long", "options"]
    for portfolio, row in found.iterrows():
        book = BOOKS[str(portfolio)]
        outcomes = {s: _slow_outcomes(market, yields, betas, last, s) for s in book}
        exposures = {s: _exposure(str(portfolio), s, size) for s, size in book.items()}
        weights = [(exposures[s] / EQUITY[str(portfolio)], outcomes[s][0]) for s in book]
        series = _added(weights, last, 272)
        _assert_close(row, _slow_volatility(series, last))
        gross = sum(abs(exposures[s]) for s in book if outcomes[s][0])
        share = sum(
            abs(exposures[s]) * len(outcomes[s][1]) / len(outcomes[s][0]) for s in book if outcomes[s][0]
        )
        assert row["proxied_share"] == pytest.approx(share / gross, rel=1e-12)
        assert row["as_of_date"] == day


@pytest.mark.parametrize("back", [0, pytest.param(1, marks=pytest.mark.long), 20])
def test_tail_risk_equals_a_slow_loop(back: int) -> None:
    market, yields, betas = _market(), _yields(), _beta_table()
    day, last = CALENDAR[-1 - back], FIRST_SESSION + SESSIONS - 1 - back
    options = OPTIONS.assign(as_of_date=day)
    found = _tail(_holdings(BOOKS, day), options, _past(market, yields, betas, [day]))
    assert sorted(found["portfolio_id"]) == sorted(BOOKS)
    for portfolio, row in found.set_index("portfolio_id").iterrows():
        book = BOOKS[str(portfolio)]
        parts = [
            (size, _slow_outcomes(market, yields, betas, last, s, history=315)[0]) for s, size in book.items()
        ]
        for option in options[options["portfolio_id"] == portfolio].to_dict("records"):
            moves, _ = _slow_outcomes(market, yields, betas, last, option["symbol"], history=315)
            unmoved = _slow_option(option, 0.0)
            parts.append((option["units"], {s: _slow_option(option, r) - unmoved for s, r in moves.items()}))
        _assert_close(row, _slow_tail([*_added(parts, last, 252).values()]))
        _assert_close(row, _slow_filter(_added(parts, last, 315), last))


def test_the_bond_fund_replaces_yields() -> None:
    """With too few yields in the window, proxies of missing returns use TLT."""
    market, betas, last = _market(), _beta_table(), FIRST_SESSION + SESSIONS - 1
    yields = {s: value for s, value in _yields().items() if s % 4}
    found = _volatility(_holdings({"long": BOOKS["long"]}), _past(market, yields, betas)).iloc[0]
    series = _added(
        [(v / 1e6, _slow_outcomes(market, yields, betas, last, s)[0]) for s, v in BOOKS["long"].items()],
        last,
        272,
    )
    _assert_close(found, _slow_volatility(series, last))
    without = _volatility(_holdings({"long": BOOKS["long"]})).iloc[0]
    assert found["realized_volatility_63d"] != pytest.approx(without["realized_volatility_63d"], rel=1e-6)


# --- by hand ---


def test_value_at_risk_by_hand() -> None:
    """100 USD long and 40 short over a hundred known days: the losses are 99, 98, ... tenths of a cent."""
    moves = {s: -0.001 * (s - FIRST_SESSION) / 100 for s in range(FIRST_SESSION, FIRST_SESSION + 100)}
    market = {"SPY": {s: (-1) ** s * 0.01 for s in moves}, "AAA": moves, "BBB": dict.fromkeys(moves, 0.002)}
    market |= {fund: {} for fund in FUNDS.values() if fund != "SPY"}
    betas = {symbol: {"Market": 1.0} for symbol in ("AAA", "BBB")}
    day = CALENDAR[99]
    holdings = _holdings({"long": {"AAA": 100.0, "BBB": -40.0}}, day)
    found = _tail(holdings, past=_past(market, {}, betas, [day])).iloc[0]
    assert found["scenario_days"] == 100
    # outcomes -0.08 - 0.001 k for k = 0..99: the 5 % quantile is at k = 99 - 4.95
    assert found["var_95_1d"] == pytest.approx(0.08 + 0.001 * 94.05, rel=1e-12)
    assert found["es_95_1d"] == pytest.approx(0.08 + 0.001 * (99 + 98 + 97 + 96 + 95) / 5, rel=1e-12)
    assert found["var_99_1d"] == pytest.approx(0.08 + 0.001 * 98.01, rel=1e-12)
    assert found["es_99_1d"] == pytest.approx(0.08 + 0.001 * 99, rel=1e-12)
    volatility = _volatility(holdings, _past(market, {}, betas, [day])).iloc[0]
    # 21 equally spaced returns of 0.001 / million steps: n (n + 1) / 12 is their sample variance
    step = 0.001 * 1e-6
    assert volatility["realized_volatility_21d"] == pytest.approx(step * math.sqrt(21 * 22 / 12 * 252))
    assert volatility["proxied_share"] == 0


def test_a_proxy_by_hand() -> None:
    """A symbol listed on the last day has beta 2: its proxies are twice the market's return."""
    market = {"SPY": {s: 0.01 * (-1) ** s for s in range(FIRST_SESSION, FIRST_SESSION + 100)}}
    market |= {fund: {} for fund in FUNDS.values() if fund != "SPY"}
    market["AAA"] = {FIRST_SESSION + 99: -0.5}
    day = CALENDAR[99]
    past = _past(market, {}, {"AAA": {"Market": 2.0}}, [day])
    found = _tail(_holdings({"long": {"AAA": 1000.0}}, day), past=past).iloc[0]
    assert found["var_95_1d"] == pytest.approx(20.0)
    assert found["es_99_1d"] == pytest.approx(500.0)
    volatility = _volatility(_holdings({"long": {"AAA": 1000.0}}, day), past).iloc[0]
    assert volatility["proxied_share"] == pytest.approx(0.99)


# --- invariants ---


def _one(frame: pd.DataFrame, portfolio: str = "long") -> pd.Series:
    return frame.set_index("portfolio_id").loc[portfolio]


def test_a_portfolio_of_the_market_has_the_markets_own_volatility() -> None:
    market, last = _market(), FIRST_SESSION + SESSIONS - 1
    found = _one(_volatility(_holdings({"long": {"SPY": 1_000_000.0}})))
    _assert_close(found, _slow_volatility(market["SPY"], last))
    assert found["proxied_share"] == 0
    half = _one(_volatility(_holdings({"long": {"SPY": 500_000.0}})))
    assert half["realized_volatility_63d"] == pytest.approx(found["realized_volatility_63d"] / 2)


def test_scaling_a_book_scales_value_at_risk_and_not_volatility() -> None:
    holdings = _holdings(BOOKS)
    sizes = ["exposure", "linear_exposure", "equity"]
    larger = holdings.assign(**{name: 7.3 * holdings[name] for name in sizes})
    pd.testing.assert_frame_equal(_volatility(larger), _volatility(holdings), rtol=1e-10)
    more_options = OPTIONS.assign(units=7.3 * OPTIONS["units"])
    before, after = _tail(holdings, OPTIONS), _tail(larger, more_options)
    money = [name for name in before if name.startswith(("var_", "es_"))]
    assert len(money) == 18
    np.testing.assert_allclose(after[money], 7.3 * before[money], rtol=1e-10)
    assert (after["scenario_days"] == before["scenario_days"]).all()


def test_offsetting_positions_have_no_risk() -> None:
    """Two offsetting lots of CCC, and an option bought and sold, do not change the risk of the rest."""
    rest = {"long": {"AAA": 250_000.0, "BBB": 100_000.0}}
    lots = [_holdings(rest), _holdings({"long": {"CCC": 5e5}}), _holdings({"long": {"CCC": -5e5}})]
    sides = [_option(portfolio_id="long", units=units) for units in (500.0, -500.0)]
    hedged = pd.concat(lots, ignore_index=True)
    pd.testing.assert_frame_equal(_volatility(hedged), _volatility(_holdings(rest)), check_exact=True)
    pd.testing.assert_frame_equal(
        _tail(hedged, pd.DataFrame(sides)), _tail(_holdings(rest)), check_exact=True
    )


def test_a_flat_book_has_zero_risk() -> None:
    flat = pd.concat([_holdings({"long": {"CCC": 5e5}}), _holdings({"long": {"CCC": -5e5}})])
    flat = flat.groupby(["portfolio_id", "as_of_date", "symbol"], as_index=False).agg(
        {"sector": "first", "exposure": "sum", "linear_exposure": "sum", "equity": "first"}
    )
    volatility, tail = _one(_volatility(flat)), _one(_tail(flat))
    assert (volatility["realized_volatility_21d"], volatility["realized_volatility_63d"]) == (0.0, 0.0)
    assert (tail["var_99_1d"], tail["es_95_1d"]) == (0.0, 0.0)


def test_an_option_on_a_symbol_that_is_not_held_is_refused() -> None:
    option = pd.DataFrame([_option(symbol="NOSUCH")])
    with pytest.raises(ValueError, match="NOSUCH"):
        _tail(_holdings({"options": {"CCC": 0.0}}), option)


def test_the_same_option_under_two_names_offsets_itself() -> None:
    legs = pd.DataFrame([_option(), _option(contract="AAA call, other lot", units=-500.0)])
    found = _one(_tail(_holdings({"options": {"AAA": 0.0}}), legs), "options")
    for name in ("var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d", "var_99_1d_parametric"):
        assert found[name] == 0
    assert found["scenario_days"] > 200


def test_a_gap_in_one_symbol_affects_only_its_holders() -> None:
    market = _market()
    market["BBB"] = {s: v for s, v in market["BBB"].items() if s % 9}
    gapped = _past(market, _yields(), _beta_table())
    for kernel in (_volatility, lambda holdings, past=PAST: _tail(holdings, OPTIONS, past)):
        before, after = kernel(_holdings(BOOKS)), kernel(_holdings(BOOKS), gapped)
        for portfolio in before["portfolio_id"]:
            was, now = _one(before, portfolio), _one(after, portfolio)
            assert was.equals(now) == ("BBB" not in BOOKS[portfolio]), portfolio


def test_there_is_no_look_ahead() -> None:
    day = CALENDAR[-30]
    changed = {
        symbol: {s: (0.7 if s > FIRST_SESSION + SESSIONS - 30 else v) for s, v in series.items()}
        for symbol, series in _market().items()
    }
    wild = {s: (9.0 if s > FIRST_SESSION + SESSIONS - 30 else v) for s, v in _yields().items()}
    plain = _past(_market(), _yields(), _beta_table(), [day])
    later = _past(changed, wild, _beta_table(), [day])
    holdings, options = _holdings(BOOKS, day), OPTIONS.assign(as_of_date=day)
    pd.testing.assert_frame_equal(
        _volatility(holdings, later), _volatility(holdings, plain), check_exact=True
    )
    pd.testing.assert_frame_equal(
        _tail(holdings, options, later), _tail(holdings, options, plain), check_exact=True
    )
    cut = plain._replace(returns=plain.returns[plain.returns["as_of_date"] <= day])
    pd.testing.assert_frame_equal(
        _tail(holdings, options, cut), _tail(holdings, options, plain), check_exact=True
    )


def test_the_order_of_rows_does_not_matter() -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sample(frac=1, random_state=11, ignore_index=True)

    mixed = PAST._replace(
        returns=shuffled(PAST.returns), yield_changes=shuffled(PAST.yield_changes), betas=shuffled(PAST.betas)
    )
    holdings = _holdings(BOOKS)
    pd.testing.assert_frame_equal(
        _volatility(shuffled(holdings), mixed), _volatility(holdings), check_exact=True
    )
    pd.testing.assert_frame_equal(
        _tail(shuffled(holdings), shuffled(OPTIONS), mixed), _tail(holdings, OPTIONS), check_exact=True
    )


def test_portfolios_and_dates_do_not_depend_on_others() -> None:
    days = [CALENDAR[-1], CALENDAR[-5]]
    past = _past(_market(), _yields(), _beta_table(), days)
    holdings = pd.concat([_holdings(BOOKS, day) for day in days])
    options = pd.concat([OPTIONS.assign(as_of_date=day) for day in days])
    together = {"volatility": _volatility(holdings, past), "tail": _tail(holdings, options, past)}
    for day in days:
        for portfolio, book in BOOKS.items():
            alone = _holdings({portfolio: book}, day)
            own = options[options["portfolio_id"] == portfolio]
            frames = {"volatility": _volatility(alone, past), "tail": _tail(alone, own, past)}
            for name, frame in frames.items():
                among = together[name]
                among = among[(among["portfolio_id"] == portfolio) & (among["as_of_date"] == day)]
                pd.testing.assert_frame_equal(frame, among.reset_index(drop=True), check_exact=True)


def test_a_deep_in_the_money_option_has_the_risk_of_its_shares() -> None:
    """A call with a strike close to zero equals the share; a very deep put equals a short share."""
    terms = {"strike_price": 1e-9, "dividend_yield": 0.0, "risk_free_rate": 0.0, "implied_volatility": 0.2}
    call = pd.DataFrame([_option(units=1000.0, **terms)])
    found = _one(_tail(_holdings({"options": {"AAA": 0.0}}), call), "options")
    shares = _one(_tail(_holdings({"options": {"AAA": 100_000.0}})), "options")
    numbers = [name for name in shares.index if name.startswith(("var_", "es_"))]
    np.testing.assert_allclose(found[numbers].astype(float), shares[numbers].astype(float), rtol=1e-8)
    put = pd.DataFrame([_option(option_type="PUT", units=1000.0, **(terms | {"strike_price": 1e6}))])
    sold = _one(_tail(_holdings({"options": {"AAA": 0.0}}), put), "options")
    short = _one(_tail(_holdings({"options": {"AAA": -100_000.0}})), "options")
    np.testing.assert_allclose(sold[numbers].astype(float), short[numbers].astype(float), rtol=1e-6)


def test_a_bought_option_loses_less_than_its_delta_implies() -> None:
    """Convexity: the worst days of a straddle are those without a move."""
    legs = pd.DataFrame(
        [_option(strike_price=100.0), _option(strike_price=100.0, contract="p", option_type="PUT")]
    )
    bought = _one(_tail(_holdings({"options": {"AAA": 0.0}}), legs), "options")
    sold = _one(_tail(_holdings({"options": {"AAA": 0.0}}), legs.assign(units=-legs["units"])), "options")
    assert 0 < bought["es_99_1d"] < sold["es_99_1d"] / 3


def test_a_symbol_without_betas_is_left_out() -> None:
    with_it = BOOKS["levered"]
    without = {symbol: size for symbol, size in with_it.items() if symbol != "GONE"}
    for kernel in (_volatility, _tail):
        found = _one(kernel(_holdings({"levered": with_it})), "levered")
        assert found.equals(_one(kernel(_holdings({"levered": without})), "levered"))
    for kernel in (_volatility, _tail):
        assert kernel(_holdings({"levered": {"GONE": 70_000.0}})).empty


def test_a_symbol_with_a_missing_beta_is_left_out() -> None:
    table = _beta_table()
    del table["NEW"]["Interest Rate"]
    found = _one(_volatility(_holdings({"long": BOOKS["long"]}), _past(_market(), _yields(), table)))
    without = {symbol: size for symbol, size in BOOKS["long"].items() if symbol != "NEW"}
    assert found.equals(_one(_volatility(_holdings({"long": without}))))


def test_without_positive_equity_there_is_value_at_risk_but_no_volatility() -> None:
    assert "bankrupt" not in set(_volatility(_holdings(BOOKS))["portfolio_id"])
    assert _one(_tail(_holdings(BOOKS)), "bankrupt")["var_99_1d"] > 0
    nothing = _holdings(BOOKS).assign(equity=0.0)
    assert _volatility(nothing).empty
    assert len(_tail(nothing)) == len(BOOKS)


def test_a_date_without_betas_or_returns_has_no_rows() -> None:
    for day in (CALENDAR[-2], pd.Timestamp("2031-01-02").as_unit("us")):
        holdings = _holdings(BOOKS, day)
        assert _volatility(holdings).empty
        assert _tail(holdings, OPTIONS.assign(as_of_date=day)).empty


def test_fewer_days_than_the_minimum_give_nan() -> None:
    first = FIRST_SESSION + SESSIONS - 80
    recent = {name: {s: v for s, v in series.items() if s >= first} for name, series in _market().items()}
    past = _past(recent, _yields(), _beta_table())
    holdings = _holdings({"long": {"AAA": 1000.0}})
    found = _one(_tail(holdings, past=past))
    assert found["scenario_days"] == 80
    assert found["var_95_1d"] > 0
    strict = _tail(holdings, past=past, rules=RISK_CONFIG._replace(minimum=81))
    assert strict.filter(regex="^(var|es)_").isna().all(axis=None)
    volatility = _one(_volatility(holdings, past))
    assert volatility["realized_volatility_63d"] > 0
    assert math.isnan(volatility["forecast_volatility_21d"])
    assert math.isnan(volatility["volatility_percentile"])


def test_empty_frames_give_empty_frames_with_the_same_columns() -> None:
    for kernel in (_volatility, lambda holdings: _tail(holdings, OPTIONS)):
        filled, empty = kernel(_holdings(BOOKS)), kernel(_holdings(BOOKS).iloc[:0])
        assert empty.empty
        assert not filled.empty
        assert empty.dtypes.to_dict() == filled.dtypes.to_dict()


def test_nothing_is_changed_in_place() -> None:
    holdings, options = _holdings(BOOKS), OPTIONS.copy()
    frames = [holdings, options, PAST.returns, PAST.betas]
    before = [frame.copy() for frame in frames]
    _volatility(holdings)
    _tail(holdings, options)
    for frame, was in zip(frames, before, strict=True):
        pd.testing.assert_frame_equal(frame, was, check_exact=True)
