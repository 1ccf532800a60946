"""Reference implementation of the risk figures, from the marts only: slow loops, pandas, statsmodels, mibian.

Written from the definitions (method, sections 5 to 11), not from the engines.
"""

import math
import statistics
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

import mibian
import numpy as np
import pandas as pd
import psycopg
import statsmodels.api as sm
from psycopg.types.numeric import FloatLoader
from scipy import linalg, optimize, signal, stats

from tests.reference.american_options import american_price
from warehouse.settings import project_root

Numbers = dict[str, Any]
PARTS = ("portfolio_id", "as_of_date")


class Marts:
    """The marts as the analyst sees them, each read once; numeric columns as floats."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._frames: dict[str, pd.DataFrame] = {}

    def frame(self, mart: str) -> pd.DataFrame:
        if mart not in self._frames:
            with psycopg.connect(self._url) as connection:
                connection.adapters.register_loader("numeric", FloatLoader)
                cursor = connection.execute(f"select * from marts.{mart}")
                names = [column.name for column in cursor.description or []]
                frame = pd.DataFrame(cursor.fetchall(), columns=names)
            nothing = {name: float for name in frame if frame[name].isna().all()}
            self._frames[mart] = frame.astype(nothing)
        return self._frames[mart]

    def on(self, mart: str, day: date) -> pd.DataFrame:
        if mart not in self._by_day:
            self._by_day[mart] = dict(iter(self.frame(mart).groupby("as_of_date")))
        return self._by_day[mart].get(day, self.frame(mart).iloc[:0])

    @cached_property
    def _by_day(self) -> dict[str, dict[Any, pd.DataFrame]]:
        return {}

    @cached_property
    def sessions(self) -> list[date]:
        dates = self.frame("dim_dates")
        return sorted(dates.loc[dates["is_trading_day"], "as_of_date"])

    @cached_property
    def days(self) -> list[date]:
        """The sessions with portfolio snapshots."""
        return sorted(self.frame("fct_portfolio_snapshots")["as_of_date"].unique())

    @cached_property
    def portfolios(self) -> dict[Any, str]:
        frame = self.frame("dim_portfolios")
        return dict(zip(frame["portfolio_id"], frame["portfolio_name"], strict=True))

    def window(self, day: date, length: int) -> list[date]:
        end = bisect_left(self.sessions, day) + 1
        return self.sessions[max(0, end - length) : end]

    @cached_property
    def returns(self) -> pd.DataFrame:
        """Daily returns, sessions by symbols, NaN where unknown."""
        prices = self.frame("fct_prices")
        wide = prices.pivot_table(index="as_of_date", columns="symbol", values="daily_return", dropna=False)
        return wide.reindex(self.sessions).astype(float)

    def equity(self, portfolio: Any, day: date) -> float:
        rows = self.on("fct_portfolio_snapshots", day)
        return float(rows.loc[rows["portfolio_id"] == portfolio, "equity"].iloc[0])

    def betas(self, day: date, model: str) -> dict[str, dict[str, float]]:
        rows = self.on("fct_symbol_factor_betas", day)
        table: dict[str, dict[str, float]] = defaultdict(dict)
        for row in rows[rows["model"] == model].itertuples():
            table[row.symbol][row.factor] = row.beta
        return dict(table)

    def covariance(self, day: date, kind: str = "ewma_covariance") -> tuple[list[str], np.ndarray]:
        """Factors of the risk model and their covariance."""
        rows = self.on("fct_factor_correlations", day)
        rows = rows[rows["model"] == "risk"]
        wide = rows.pivot_table(index="factor_1", columns="factor_2", values=kind)
        return wide.index.tolist(), wide.to_numpy()

    def scenarios(self) -> dict[str, dict[str, tuple[float, str]]]:
        """Shock and basis by scenario and factor."""
        table: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
        for row in self.frame("dim_scenarios").itertuples():
            table[row.scenario_id][row.factor] = row.shock, row.shock_basis
        return dict(table)

    def style_betas(self, day: date) -> dict[str, float]:
        """Betas of the factors of the risk model to the market."""
        rows = self.on("fct_symbol_factor_betas", day).query("model == 'risk'").dropna(subset="style_beta")
        return dict(zip(rows["factor"], rows["style_beta"], strict=True))

    def vix(self, day: date) -> float:
        """The last close of the VIX, at most five sessions old, else NaN."""
        for earlier in reversed(self.window(day, 6)):
            rows = self.on("fct_prices", earlier).query("symbol == 'VIX'")
            if len(rows):
                return float(rows["close"].iloc[0])
        return math.nan


def risk_factors(marts: Marts, day: date) -> pd.DataFrame:
    """Factors of the risk model over its window: the market, and moves beyond it by weighted regression."""
    days = marts.window(day, 504)
    known = marts.returns.loc[days]
    rates = marts.frame("fct_treasury_rates").query("series == 'DGS10'").set_index("rate_date")["rate"]
    table = marts.frame("dim_factors").query("model == 'risk'").set_index("factor")["proxy_symbol"]
    order = marts.frame("fct_factor_correlations").query("model == 'risk'")["factor_1"].unique()
    plain = {factor: known[fund] for factor, fund in table.items() if fund != "DGS10"}
    plain["Interest Rate"] = rates.reindex(marts.sessions).astype(float).diff().reindex(days)
    factors = pd.DataFrame({"Market": plain["Market"]})
    weights = pd.Series(0.5 ** (np.arange(len(days) - 1, -1, -1) / 126), index=days)
    for factor in order:
        if factor == "Market":
            continue
        pair = pd.DataFrame({"y": plain[factor], "m": plain["Market"], "w": weights}).dropna()
        line = sm.WLS(pair["y"], sm.add_constant(pair["m"]), weights=pair["w"]).fit().params
        factors[factor] = plain[factor] - line["const"] - line["m"] * plain["Market"]
    names = ["Market", "Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility", "Interest Rate"]
    return factors[[name for name in names if name in factors]]


@dataclass
class Holding:
    """An open position. exposure: delta-adjusted USD, NaN where unknown. option: its Greeks, else None."""

    position_id: Any
    symbol: str  # an option's is its underlying
    kind: str
    market_value: float
    exposure: float
    is_cash: bool
    option: Numbers | None
    option_type: str | None


def holdings(marts: Marts, portfolio: Any, day: date) -> list[Holding]:
    positions = marts.frame("dim_positions").set_index("position_id")
    greeks = marts.on("fct_position_greeks", day).set_index("position_id")
    values = marts.on("fct_position_values", day)
    found = []
    for row in values[(values["portfolio_id"] == portfolio) & values["is_open"]].itertuples():
        position = positions.loc[row.position_id]
        is_option = row.investment_class == "OPTIONS"
        found.append(
            Holding(
                row.position_id,
                position["underlying_symbol"] if is_option else row.symbol,
                row.investment_class,
                row.market_value,
                row.delta_adjusted_exposure,
                row.price_source == "cash",
                greeks.loc[row.position_id].to_dict() if is_option else None,
                position["option_type"] if is_option else None,
            )
        )
    return found


def movers(held: list[Holding]) -> list[Holding]:
    """Holdings with market exposure: no private positions, no cash, no options without Greeks."""
    return [h for h in held if h.kind != "PRIVATE" and not h.is_cash and not math.isnan(h.exposure)]


def option_value(option: Numbers, option_type: str, move: float = 0.0) -> float:
    """Value of an option per share after a move of its underlying: American or European."""
    if option["exercise"] == "EUROPEAN":
        return black_scholes(option, option_type, move)
    terms = ("strike_price", "years_to_expiration", "risk_free_rate", "dividend_yield", "implied_volatility")
    spot = option["underlying_price"] * (1 + move)
    return american_price(option_type == "CALL", spot, *(option[name] for name in terms))


def black_scholes(option: Numbers, option_type: str, move: float = 0.0) -> float:
    """Value of an option per share after a move of its underlying, with the error function."""
    spot, strike = option["underlying_price"] * (1 + move), option["strike_price"]
    years, rate = option["years_to_expiration"], option["risk_free_rate"]
    carry, volatility = option["dividend_yield"], option["implied_volatility"]
    sign = 1 if option_type == "CALL" else -1
    if spot <= 0:
        return 0.0 if sign == 1 else float(strike * math.exp(-rate * years))
    width = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - carry + volatility**2 / 2) * years) / width

    def below(x: float) -> float:
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    forward = spot * math.exp(-carry * years) * below(sign * d1)
    return float(sign * (forward - strike * math.exp(-rate * years) * below(sign * (d1 - width))))


def merton(option: Numbers, move: float = 0.0) -> Any:
    """The option in mibian, which takes percents, days, and dividends in USD per year."""
    spot = option["underlying_price"] * (1 + move)
    return mibian.Me(
        [
            spot,
            option["strike_price"],
            100 * option["risk_free_rate"],
            option["dividend_yield"] * spot,
            365 * option["years_to_expiration"],
        ],
        volatility=100 * option["implied_volatility"],
    )


def unit_pnl(holding: Holding, move: float, volatility: float = 1.0) -> float:
    """P&L of a position when its symbol moves, and the implied volatility of an option becomes a multiple."""
    if holding.option is None:
        return holding.market_value * max(move, -1.0)
    kind, option = str(holding.option_type), holding.option
    moved = option | {"implied_volatility": option["implied_volatility"] * volatility}
    per_share = option_value(moved, kind, max(move, -1.0)) - option_value(option, kind)
    return float(option["units"] * per_share)


# --- returns of the date's holdings ---


def pro_forma(marts: Marts, portfolio: Any, day: date, length: int) -> list[float]:
    """Past returns of the date's exposures over equity; NaN on a session without a return of every symbol."""
    equity, rows = marts.equity(portfolio, day), marts.returns.loc[marts.window(day, length)]
    total = np.zeros(len(rows))
    for holding in movers(holdings(marts, portfolio, day)):
        total = total + holding.exposure / equity * rows[holding.symbol].to_numpy()
    return total.tolist()


def scenario_pnl(marts: Marts, portfolio: Any, day: date, length: int = 252) -> list[float]:
    """P&L of the date's positions with past returns, options repriced."""
    rows = marts.returns.loc[marts.window(day, length)]
    total = [0.0] * len(rows)
    for holding in movers(holdings(marts, portfolio, day)):
        for place, move in enumerate(rows[holding.symbol]):
            total[place] += unit_pnl(holding, move)
    return total


def realized(series: list[float], end: int, window: int) -> float:
    """Annualized standard deviation of the window before `end`; NaN if less than two thirds are known."""
    known = [value for value in series[max(0, end - window) : end] if not math.isnan(value)]
    return math.sqrt(252) * statistics.stdev(known) if len(known) >= 2 / 3 * window else math.nan


def ewma_forecast(series: list[float]) -> float:
    """Annualized root of the mean square of the last 252 known returns, with weights 0.94^age."""
    known = [value for value in series[-252:] if not math.isnan(value)]
    if len(known) < 126:
        return math.nan
    weights = [0.94**age for age in range(len(known))]
    squares = sum(weight * value**2 for weight, value in zip(weights, reversed(known), strict=True))
    return math.sqrt(252 * squares / sum(weights))


def garch_forecast(series: list[float]) -> float:
    """Annualized root of the mean variance of 21 sessions by GARCH(1,1), fitted by scipy to 252 returns."""
    known = np.array([value for value in series[-252:] if not math.isnan(value)]) ** 2
    if len(known) < 126:
        return math.nan
    mean = known.mean()
    if mean == 0:
        return 0.0

    def variances(alpha: float, beta: float) -> np.ndarray:
        inputs = np.concatenate([[mean], (1 - alpha - beta) * mean + alpha * known])
        return signal.lfilter([1], [1, -beta], inputs)

    def loss(at: np.ndarray) -> float:
        h = variances(*at)[:-1] / mean
        return float((np.log(h) + known / mean / h).sum()) if (h > 0).all() else 1e9

    starts = [(0.05, 0.9), (0.1, 0.8), (0.1, 0.5), (0.2, 0.6), (0.3, 0.05), (0.02, 0.95)]
    limits = {"type": "ineq", "fun": lambda at: 0.999 - at[0] - at[1]}
    fits = [
        optimize.minimize(loss, start, method="SLSQP", bounds=[(0, 0.999)] * 2, constraints=limits)
        for start in starts
    ]
    alpha, beta = min(fits, key=lambda fit: float(fit.fun)).x
    ahead = [variances(alpha, beta)[-1]]
    for _ in range(20):
        ahead.append(mean + (alpha + beta) * (ahead[-1] - mean))
    return math.sqrt(252 * sum(ahead) / 21)


def volatility(series: list[float]) -> Numbers:
    """Volatility figures (method, section 8) of 272 daily returns, the last one that of the date."""
    last = len(series)

    def mean_square(end: int, window: int) -> float:
        return sum(value**2 for value in series[end - window : end]) / window

    def regressors(end: int) -> list[float]:
        return [mean_square(end, window) for window in (1, 5, 21)]

    rows = [(regressors(end), mean_square(end + 21, 21)) for end in range(21, last - 20)]
    rows = [(x, y) for x, y in rows if not np.isnan([*x, y]).any()]
    now, before, long = (
        realized(series, last, 21),
        realized(series, last - 10, 21),
        realized(series, last, 63),
    )
    past = [realized(series, end, 21) for end in range(last - 251, last + 1)]
    known = [value for value in past if not math.isnan(value)]
    trend = "increasing" if now > 1.05 * before else "decreasing" if now < 0.95 * before else "stable"
    forecast = r_squared = math.nan
    if len(rows) >= 126:
        fit = sm.OLS([y for _, y in rows], sm.add_constant([x for x, _ in rows])).fit()
        variance, r_squared = float(fit.params @ [1.0, *regressors(last)]), fit.rsquared
        forecast = long if variance <= 0 else math.sqrt(252 * variance)
    return {
        "realized_volatility_21d": now,
        "realized_volatility_63d": long,
        "forecast_volatility_21d_ewma": ewma_forecast(series),
        "forecast_volatility_21d_har": forecast,
        "har_r_squared": r_squared,
        "volatility_trend": None if math.isnan(now) or math.isnan(before) else trend,
        "volatility_percentile": math.nan
        if math.isnan(now) or len(known) < 126
        else sum(v <= now for v in known) / len(known),
    }


def _cornish_fisher_holds(skew: float, kurtosis: float) -> bool:
    """Whether the quantile rises from 0.5 to 99.5 %."""
    z = stats.norm.ppf(np.linspace(0.005, 0.995, 100_001))
    bent = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return bool((np.diff(bent) > 0).all())


def tail_risk(outcomes: list[float]) -> Numbers:
    """Value at risk and expected shortfall (method, section 11) of a list of outcomes."""
    mean, deviation = statistics.mean(outcomes), statistics.stdev(outcomes)
    skew, kurtosis = stats.skew(outcomes, bias=False), stats.kurtosis(outcomes, bias=False)
    found: Numbers = {"scenario_days": len(outcomes)}
    for label, alpha in (("95", 0.05), ("99", 0.01)):
        cut = float(np.quantile(outcomes, alpha))
        z = stats.norm.ppf(alpha)
        bent = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
        tail = stats.norm.pdf(z) / alpha
        bend = 1 + z * skew / 6 + (z**2 - 1) * kurtosis / 24 - (2 * z**2 - 1) * skew**2 / 36
        if not _cornish_fisher_holds(skew, kurtosis):
            bent = math.nan
        found |= {
            f"var_{label}_1d": -cut,
            f"es_{label}_1d": -statistics.mean(value for value in outcomes if value <= cut),
            f"var_{label}_10d": -cut * math.sqrt(10),
            f"var_{label}_1d_parametric": -(mean + deviation * z),
            f"es_{label}_1d_parametric": -(mean - deviation * tail),
            f"var_{label}_1d_cornish_fisher": -(mean + deviation * bent),
            f"es_{label}_1d_cornish_fisher": -(mean - deviation * tail * bend) + 0 * bent,
        }
    return found


def filtered_tail_risk(outcomes: list[float]) -> Numbers:
    """Filtered figures (method, section 11) of 252 outcomes and the 63 before them."""

    def deviation(known: list[float]) -> float:
        weights = [0.94**age for age in range(len(known))]
        squares = sum(weight * value**2 for weight, value in zip(weights, reversed(known), strict=True))
        return math.sqrt(squares / sum(weights))

    first = len(outcomes) - 252
    now = deviation(outcomes)
    scaled = [outcomes[place] * now / deviation(outcomes[:place]) for place in range(first, len(outcomes))]
    found: Numbers = {}
    for label, alpha in (("95", 0.05), ("99", 0.01)):
        cut = float(np.quantile(scaled, alpha))
        found[f"var_{label}_1d_filtered"] = -cut
        found[f"es_{label}_1d_filtered"] = -statistics.mean(value for value in scaled if value <= cut)
    return found


# --- correlation ---


def effective_bets(risks: np.ndarray, correlations: np.ndarray) -> float:
    """Entropy of the variance shares of minimum-torsion bets, by the recursion of the paper, as a number."""
    c = np.real(linalg.sqrtm(correlations))
    d = np.eye(len(c))
    for _ in range(100):
        u = np.real(linalg.sqrtm(d @ c @ c @ d))
        q = np.linalg.solve(u, d @ c)
        d = np.diag(np.diagonal(q @ c))
    share = (q @ c @ risks) ** 2 / (risks @ correlations @ risks)
    return math.exp(-sum(p * math.log(p) for p in share if p > 0))


def diversification(
    exposures: dict[str, float], correlations: pd.DataFrame, deviations: pd.Series
) -> Numbers:
    """Diversification figures (method, section 9) of signed exposures and a complete correlation matrix."""
    gross = sum(abs(value) for value in exposures.values())
    weights = {symbol: value / gross for symbol, value in exposures.items()}
    pairs, shares = [], []
    for first, g in weights.items():
        for second, h in weights.items():
            rho = float(correlations.loc[first, second])
            if first < second:
                pairs.append(rho)
                shares.append(abs(g * h))
    weighted = sum(share * abs(rho) for share, rho in zip(shares, pairs, strict=True))
    return {
        "mean_correlation": statistics.mean(pairs),
        "diversification_score": weighted / sum(shares),
        "effective_bets": effective_bets(
            np.array([weights[symbol] * deviations[symbol] for symbol in correlations.index]),
            correlations.to_numpy(),
        ),
    }


def clusters(correlations: pd.DataFrame, threshold: float = 0.7) -> list[set[str]]:
    """Connected components of the symbols by |rho| at or above the threshold."""
    left, found = set(correlations.index), []
    while left:
        group, waiting = set(), {min(left)}
        while waiting:
            symbol = waiting.pop()
            group.add(symbol)
            near = {other for other in left - group if abs(correlations.loc[symbol, other]) >= threshold}
            waiting |= near
        left -= group
        if len(group) > 1:
            found.append(group)
    return found


# --- stress ---


BROAD = set(pd.read_csv(project_root() / "dbt_project/seeds/broad_underlyings.csv")["symbol"])
Shocks = dict[str, tuple[float, str]]


def given_moves(shocks: Shocks, style_betas: dict[str, float]) -> dict[str, float]:
    """Log moves of the shocked factors, beyond the market."""
    market = shocks.get("Market", (0.0, ""))[0]
    moves = {}
    for factor, (shock, basis) in shocks.items():
        if factor == "Interest Rate":
            moves[factor] = shock - style_betas[factor] * market
        elif factor == "Market" or basis == "beyond_market":
            moves[factor] = math.log(1 + shock)
        elif factor != "Volatility":
            moves[factor] = math.log(1 + shock) - style_betas[factor] * math.log(1 + market)
    return moves


def expected_moves(given: dict[str, float], factors: list[str], covariance: np.ndarray) -> dict[str, float]:
    """The given moves, and the conditional expectation of the others with four fifths of the correlation."""
    shrunk = 0.8 * covariance + 0.2 * np.diag(np.diag(covariance))
    known = [place for place, name in enumerate(factors) if name in given]
    others = [place for place, name in enumerate(factors) if name not in given]
    size = np.array([given[factors[place]] for place in known])
    moves = shrunk[np.ix_(others, known)] @ np.linalg.solve(shrunk[np.ix_(known, known)], size)
    return given | {factors[place]: float(move) for place, move in zip(others, moves, strict=True)}


def vix_ratio(shocks: Shocks, vix: float) -> float:
    """VIX after / before: as stated, or following the market; between 9 and 85 if its level is known."""
    market = shocks.get("Market", (0.0, ""))[0]
    following = (1 + market) ** (-4 if market < 0 else -2.5)
    ratio = 1 + shocks["Volatility"][0] if "Volatility" in shocks else following
    return ratio if math.isnan(vix) else float(min(max(vix * ratio, 9), 85) / vix)


def stress(
    held: list[Holding], betas: dict[str, dict[str, float]], moves: dict[str, float], ratio: float
) -> Numbers:
    """P&L of positions with betas when factors and the VIX move: per position, in total, and linear."""
    by_position, linear = {}, 0.0
    for holding in movers(held):
        if holding.symbol in betas:
            move = math.exp(sum(betas[holding.symbol][factor] * size for factor, size in moves.items())) - 1
            linear += holding.exposure * move
            volatility = 1.0
            if holding.option is not None:
                days = 365 * holding.option["years_to_expiration"]
                power = (1 if holding.symbol in BROAD else 0.65) * (30 / max(days, 30)) ** 0.4
                volatility = ratio**power
                if holding.symbol == "VIX":
                    move, volatility = ratio ** ((30 / (30 + days)) ** 0.4) - 1, 1.0
            by_position[holding.position_id] = unit_pnl(holding, move, volatility)
    return {"pnl": sum(by_position.values()), "linear": linear, "positions": by_position}


# --- forecasts and outcomes ---


@dataclass
class Outcome:
    """P&L of the public and option positions on a session: as earned, and of those of the previous close.

    daily_return: the latter over the equity at the start.
    """

    day: date
    actual_pnl: float
    hypothetical_pnl: float
    daily_return: float


def outcomes(marts: Marts, portfolio: Any) -> list[Outcome]:
    """The demo's outcomes; its positions have no exit price, so that only first days differ."""
    values, snapshots = marts.frame("fct_position_values"), marts.frame("fct_portfolio_snapshots")
    own = values[(values["portfolio_id"] == portfolio) & (values["investment_class"] != "PRIVATE")]
    first = own.groupby("position_id")["as_of_date"].transform("min")
    actual = own.groupby("as_of_date")["daily_pnl"].sum().to_dict()
    held = own[own["as_of_date"] > first].groupby("as_of_date")["daily_pnl"].sum().to_dict()
    found = []
    rows = snapshots[snapshots["portfolio_id"] == portfolio].sort_values("as_of_date")
    for row in rows.itertuples():
        pnl = round(held.get(row.as_of_date, 0.0), 2)
        earned = round(actual.get(row.as_of_date, 0.0), 2)
        found.append(Outcome(row.as_of_date, earned, pnl, pnl / (row.equity - row.daily_pnl)))
    return found


def pro_forma_after(marts: Marts, portfolio: Any, day: date, length: int) -> list[float]:
    """Returns of the day's weights over the sessions after it."""
    place = marts.sessions.index(day)
    rows = marts.returns.loc[marts.sessions[place + 1 : place + 1 + length]]
    equity, total = marts.equity(portfolio, day), np.zeros(len(rows))
    for holding in movers(holdings(marts, portfolio, day)):
        total = total + holding.exposure / equity * rows[holding.symbol].to_numpy()
    return total.tolist()


def kupiec(observations: int, breaches: int, probability: float) -> float:
    """p-value of the proportion of failures, from binomial likelihoods whose coefficients cancel."""
    as_observed = stats.binom.logpmf(breaches, observations, breaches / observations)
    as_expected = stats.binom.logpmf(breaches, observations, probability)
    return float(stats.chi2.sf(2 * (as_observed - as_expected), 1))


def christoffersen(breaches: list[bool]) -> float:
    """p-value of independence: likelihood with one breach probability against that with two, day by day."""
    after = {state: [now for was, now in pairwise(breaches) if was == state] for state in (False, True)}

    def likelihood(days: list[bool], chance: float) -> float:
        return sum(math.log(chance if day else 1 - chance) for day in days)

    everything = after[False] + after[True]
    chance = sum(everything) / len(everything)
    if chance in (0, 1):
        return 1.0
    together = likelihood(everything, chance)
    apart = sum(likelihood(days, sum(days) / len(days)) for days in after.values() if days)
    return float(stats.chi2.sf(max(2 * (apart - together), 0.0), 1))
