"""Response models of the analytics on volatility, value at risk, variance and Greeks."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata
from api.schemas.common import ResponseModel, described
from api.schemas.performance.contributions import RISK_NULL_REASON

COVERAGE = (
    "Share of the gross exposure of public and option positions that is covered; null without such positions."
)


class CoveredMetadata(Metadata):
    """Metadata of the figures, and how much of the portfolio they cover."""

    coverage: float | None = described(COVERAGE, 1.0)


class Volatility(ResponseModel):
    """Volatility of the returns that the holdings at the close would have had, annualized decimals."""

    realized_volatility_21d: float = described("Of the last 21 sessions.", 0.1512)
    realized_volatility_63d: float | None = described(
        "Of the last 63 sessions; null if fewer than 42 of them are known.", 0.1634
    )
    expected_volatility_21d: float | None = described(
        "Forecast for the next 21 sessions; null with too short a history.", 0.1571
    )
    volatility_trend: Literal["increasing", "decreasing", "stable"] | None = described(
        "21-day volatility against that of 10 sessions ago, beyond 5 %; null if either is unknown.", "stable"
    )
    volatility_percentile: float | None = described(
        "Share of the last 252 sessions' 21-day volatilities that are at or below it, 0 to 1.", 0.42
    )


class VolatilityForecasts(ResponseModel):
    """Forecast for the next 21 sessions by each model, annualized decimals; null with too short a history."""

    garch: float | None = described("GARCH(1,1) with variance targeting.", 0.1523)
    ewma: float | None = described("Exponentially weighted squared returns, lambda 0.94.", 0.1571)
    har: float | None = described("HAR-RV.", 0.1604)


class PortfolioVolatilityData(Volatility):
    """Volatility of a portfolio."""

    forecast_model: Literal["garch", "ewma", "har"] | None = described(
        "Model of expected_volatility_21d, the one that has graded best; null without a forecast.", "ewma"
    )
    forecasts: VolatilityForecasts
    forecast_r_squared: float | None = described("R squared of the HAR forecast's regression.", 0.31)
    is_forecast_fallback: bool | None = described(
        "The HAR regression gave no positive forecast, so the 63-day volatility replaces it.", False
    )
    proxied_share: float | None = described(
        "Share of past returns that were missing and estimated from factor betas.", 0.0
    )


class PortfolioVolatility(Analytic):
    """Volatility of a portfolio."""

    data: PortfolioVolatilityData | None
    metadata: CoveredMetadata


class RiskMetrics(ResponseModel):
    """The figures of a risk page; each is null where it is not available."""

    portfolio_beta: float | None = described("Beta to SPY (model market, 90 sessions).", 0.982145)
    portfolio_beta_coverage: float | None = described(
        "Share of the gross market value of public and option positions that has such a beta; the rest "
        "counts as 0 in it. data_quality is of the risk model, which needs fewer returns; null without a "
        "beta.",
        1.0,
    )
    annualized_volatility: float | None = described(
        "Realized volatility of the last 63 sessions, annualized decimal, of the holdings at the close.",
        0.1634,
    )
    max_drawdown: float | None = described(
        "Largest drop of the time-weighted index below its peak up to the session, 0 or negative; null "
        "from the first session on which equity is not positive.",
        -0.0712,
    )
    current_drawdown: float | None = described("The same at the session's close.", -0.0105)
    time_weighted_return: float | None = described("Since the portfolio began, as a decimal.", 0.0564)
    sharpe_ratio: float | None = described(
        "Mean over standard deviation of the daily time-weighted returns above the 3-month Treasury yield, "
        "last 252 sessions, annualized; null with sharpe_null_reason.",
        1.12,
    )
    sharpe_null_reason: (
        Literal[
            "return_chain_broken", "too_few_market_days", "no_risk_free_rate", "deviation_not_from_market"
        ]
        | None
    ) = described("Why there is no Sharpe ratio; at least 60 days of market P&L are needed.", None)
    sharpe_observations: int = described("Sessions in the Sharpe ratio.", 120)
    var_95_1d: float | None = described("Value at risk of one day, 95 %, historical, USD, positive.", 7812.4)
    var_99_1d: float | None = described("The same, 99 %.", 12011.9)
    es_95_1d: float | None = described("Expected shortfall beyond it, 95 %, USD, positive.", 10412.7)
    es_99_1d: float | None = described("The same, 99 %.", 14320.2)
    systematic_volatility: float | None = described(
        "Volatility explained by the factors, annualized decimal.", 0.141
    )
    idiosyncratic_volatility: float | None = described("Symbol-specific volatility.", 0.062)
    total_volatility: float | None = described("Both combined, from the risk model.", 0.154)


class SessionsMetadata(Metadata):
    """Metadata of the figures."""

    sessions: int = described("Sessions since the portfolio began.", 53)


class PortfolioRiskMetrics(Analytic):
    """Risk at a glance."""

    risk_metrics: RiskMetrics
    metadata: SessionsMetadata


class TailRisk(ResponseModel):
    """Value at risk and expected shortfall of one day by one method, USD, positive for a loss."""

    var_95_1d: float | None = described("Value at risk, 95 %.", 7812.4)
    var_99_1d: float | None = described("Value at risk, 99 %.", 12011.9)
    es_95_1d: float | None = described("Expected shortfall, 95 %.", 10412.7)
    es_99_1d: float | None = described("Expected shortfall, 99 %.", 14320.2)


class TenDays(ResponseModel):
    """Historical value at risk of one day times the square root of ten: scaled, not simulated."""

    var_95_10d: float | None = described("Value at risk, 95 %, USD.", 24705.0)
    var_99_10d: float | None = described("Value at risk, 99 %, USD.", 37985.0)


class TailShares(ResponseModel):
    """Historical figures over equity, as decimals; null where equity is not positive."""

    var_95_1d: float | None = described("Value at risk of one day, 95 %.", 0.015248)
    var_99_1d: float | None = described("Value at risk of one day, 99 %.", 0.023445)
    es_95_1d: float | None = described("Expected shortfall of one day, 95 %.", 0.020323)
    es_99_1d: float | None = described("Expected shortfall of one day, 99 %.", 0.02795)
    var_95_10d: float | None = described("Value at risk of ten days, 95 %.", 0.048219)
    var_99_10d: float | None = described("Value at risk of ten days, 99 %.", 0.074138)


class StressedTailRisk(TailRisk):
    """The holdings of the session with the returns of one fixed bad window; null with a null_reason."""

    window_start: date | None = described("First session of the window.", "2024-04-18")
    window_end: date | None = described("Last session of the window.", "2025-04-21")
    scenario_days: int | None = described("Sessions of the window applied to the holdings.", 252)
    proxied_share: float | None = described(
        "Share of the window's returns that are missing and follow from factor betas, 0 to 1.", 0.0
    )
    null_reason: Literal["stressed_window_not_covered", "no_factor_data", "too_few_outcomes"] | None = (
        described("Why there are no figures; null if there are.", None)
    )


class ValueAtRisk(ResponseModel):
    """Value at risk by four methods; filtered: past outcomes scaled to the current volatility.

    stressed: historical, over a fixed bad window instead of the last sessions.
    """

    historical: TailRisk
    filtered: TailRisk
    parametric: TailRisk
    cornish_fisher: TailRisk
    stressed: StressedTailRisk
    ten_days: TenDays
    of_equity: TailShares
    is_cornish_fisher_monotone: bool | None = described(
        "The expansion is a valid quantile function from 0.5 to 99.5 %; its figures are null if false.", True
    )
    cornish_fisher_null_reason: (
        Literal["too_few_outcomes", "constant_outcomes", "quantile_not_monotone"] | None
    ) = described("Why there are no Cornish-Fisher figures; null if there are.", None)
    scenario_days: int = described("Past sessions applied to the holdings.", 252)


class Backtest(ResponseModel):
    """Backtest of past values at risk."""

    method: Literal["historical", "filtered"] = described("Method of the value at risk.", "historical")
    pnl_basis: Literal["hypothetical", "actual"] = described(
        "The losses: of the positions of the previous close held unchanged, or as earned.", "hypothetical"
    )
    confidence: float = described("0.95 or 0.99.", 0.95)
    observations: int = described("Sessions with a forecast and an outcome.", 52)
    breaches: int = described("Sessions with a larger loss.", 3)
    expected_breaches: float = described("Observations times one minus confidence.", 2.6)
    kupiec_p_value: float | None = described(
        "Probability of a count at least this far off if the figures are right; null below 60 sessions.", None
    )
    christoffersen_p_value: float | None = described(
        "Probability of breaches at least this clustered if they are independent; null below 60 sessions.",
        None,
    )
    traffic_light: Literal["green", "yellow", "red"] | None = described(
        "Basel zone of the breaches of the last 250 sessions at 99 %; null at 95 % and below 250 sessions.",
        None,
    )


class DailyForecast(ResponseModel):
    """Value at risk of the session before, and whether the loss of unchanged positions exceeded it."""

    var_95_1d: float | None = described("At 95 %, USD; null if it was not known.", 7812.4)
    var_99_1d: float | None = described("At 99 %, USD; null if it was not known.", 11240.9)
    is_breach_95: bool | None = described("Whether the loss was larger than at 95 %.", False)
    is_breach_99: bool | None = described("Whether the loss was larger than at 99 %.", False)


class BacktestDay(ResponseModel):
    """One session of the backtest."""

    session: date = Field(alias="date", description="The session.", examples=["2025-09-12"])
    forecast_date: date = described("The session before, whose value at risk it is.", "2025-09-11")
    hypothetical_pnl: float = described(
        "P&L of the positions of the previous close held unchanged, USD: what breaches are counted of.",
        -820.5,
    )
    actual_pnl: float | None = described("P&L of the session as earned, USD.", -820.5)
    historical: DailyForecast
    filtered: DailyForecast


class ValueAtRiskMetadata(CoveredMetadata):
    """Metadata of value at risk."""

    equity: float = described("Equity, USD.", 512355.37)


class PortfolioValueAtRisk(Analytic):
    """Value at risk, expected shortfall and their backtest."""

    data: ValueAtRisk | None
    backtest: list[Backtest]
    daily: list[BacktestDay] | None = described(
        "The sessions of the backtest with a value at risk of the session before; null unless asked for.",
        None,
    )
    metadata: ValueAtRiskMetadata


class FactorVariance(ResponseModel):
    """Contribution of one factor to the variance."""

    name: str = described("Factor of the risk model; styles are moves beyond the market.", "Market")
    beta: float = described("Return of equity per unit of the factor's return.", 0.95)
    exposure_dollar: float = described("Delta-adjusted market values times betas, USD.", 486737.6)
    variance_contribution: float | None = described("Part of the annualized systematic variance.", 0.0198)
    share_of_variance: float | None = described("The same over the total variance; null if that is 0.", 0.83)


class RiskDecomposition(ResponseModel):
    """Variance split into factors and symbols."""

    systematic_volatility: float = described(
        "Volatility explained by the factors, annualized decimal.", 0.141
    )
    idiosyncratic_volatility: float = described("Symbol-specific volatility.", 0.062)
    total_volatility: float = described("Both combined.", 0.154)
    systematic_share: float | None = described("Systematic over total variance; null if that is 0.", 0.838)
    factors: list[FactorVariance]


class DecompositionMetadata(CoveredMetadata):
    """Metadata of the decomposition."""

    model: Literal["risk"] = described("The factor model.", "risk")


class PortfolioRiskDecomposition(Analytic):
    """Where the variance of a portfolio comes from."""

    data: RiskDecomposition | None
    metadata: DecompositionMetadata


class RiskContribution(ResponseModel):
    """What one part of the portfolio contributes to its risk, in the unit of the total."""

    position_id: UUID | None = described("The position; null for other parts.", POSITION_ID)
    name: str = described(
        "Symbol (OCC symbol for options), sector, tag or factor; Specific is what the factors leave.", "AAPL"
    )
    exposure_weight: float | None = described(
        "Delta-adjusted exposure over equity, 0 for cash; of a factor the beta.", 0.0403
    )
    standalone: float | None = described(
        "Risk of the part alone; null for the volatility of several positions.", 0.0118
    )
    marginal: float | None = described(
        "Change of the total per unit of exposure_weight, for VaR and ES per USD of exposure.", 0.206
    )
    component: float | None = described(
        "The part of the total that is due to it; negative if it lowers the total.", 0.0083
    )
    share: float | None = described("component over the total.", 0.0618)
    incremental: float | None = described(
        "The total less that of the portfolio without the part; VaR and ES only.", None
    )
    null_reason: str | None = described(
        f"{RISK_NULL_REASON} For VaR and ES also too_few_outcomes and no_loss_around_the_quantile.", None
    )
    position_count: int = described("Open positions in the part.", 1)
    measured_count: int = described("Those behind the figures.", 1)


class RiskContributions(ResponseModel):
    """The total that the components add up to; those of tags may overlap."""

    measure: Literal["volatility", "var", "es"] = described("What is contributed to.", "volatility")
    confidence: float | None = described("Of VaR and ES; null for volatility.", None)
    by: Literal["position", "symbol", "sector", "tag", "factor"] = described("The parts.", "position")
    unit: Literal["decimal per year", "USD"] = described("Of the total and its parts.", "decimal per year")
    total: float = described("Volatility by the factor model, or one-day historical VaR or ES.", 0.134)
    undiversified: float | None = described("Sum of the standalone figures.", 0.181)


class ContributionsMetadata(CoveredMetadata):
    """Metadata of the contributions."""

    model: Literal["risk"] | None = described("The factor model of the volatility.", "risk")
    method: Literal["risk_model", "historical_simulation"] = described("Of the total.", "risk_model")


class PortfolioRiskContributions(Analytic):
    """Where the risk of a portfolio comes from."""

    data: RiskContributions | None
    contributions: list[RiskContribution]
    metadata: ContributionsMetadata


class Greeks(ResponseModel):
    """Greeks of a portfolio: options summed up, plus a delta of one per share."""

    delta: float = described("Change of value for one dollar of every underlying.", 2312.5)
    gamma: float = described("Change of delta for one dollar of every underlying.", 12.3)
    theta: float = described("Change of value for one calendar day, USD.", -55.1)
    vega: float = described("Change of value for one point (0.01) of volatility, USD.", 140.2)
    rho: float = described("Change of value for one point (0.01) of the interest rate, USD.", 88.4)
    delta_dollars: float = described("Sum of delta times the price of each underlying, USD.", 512340.1)
    gamma_dollars_1pct: float = described("Change of delta dollars when all move by 1 %, USD.", 2310.7)
    option_count: int = described("Open option positions.", 4)
    options_without_greeks: int = described("Options omitted for lack of Greeks.", 0)


class PositionGreeks(ResponseModel):
    """Greeks of one option position."""

    position_id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("The contract, in OCC's notation.", "AAPL260116C00250000")
    underlying_symbol: str = described("Its underlying.", "AAPL")
    underlying_price: float | None = described("Price of the underlying, USD.", 234.07)
    strike_price: float = described("Strike, after splits, USD.", 250.0)
    expiration_date: date = described("Expiration date.", "2026-01-16")
    exercise: Literal["AMERICAN", "EUROPEAN"] | None = described(
        "AMERICAN: at any time; EUROPEAN: at expiration only, as options on indices.", "AMERICAN"
    )
    implied_volatility: float | None = described("Annualized decimal; null with null_reason.", 0.28)
    iv_source: Literal["mid", "last", "carried", "entry", "realized_63d"] | None = described(
        "The quote that was inverted, the contract's last one before, the entry price, or the underlying's "
        "realized volatility.",
        "realized_63d",
    )
    rate_flag: Literal["stale_curve", "no_curve"] | None = described(
        "A yield curve older than a week, or none so far (the rate is 0); null for a newer one.", None
    )
    option_price: float | None = described("Price per share that values the position, USD.", 9.41)
    price_flag: str | None = described(
        "The flag of the position's price; model_price if it comes from the model.", "model_price"
    )
    delta: float | None = described("Per share.", 0.4132)
    gamma: float | None = described("Per share.", 0.0112)
    theta: float | None = described("Per share and calendar day.", -0.0612)
    vega: float | None = described("Per share and volatility point.", 0.5312)
    rho: float | None = described("Per share and rate point.", 0.2981)
    vanna: float | None = described("Change of delta for one volatility point, per share.", 0.0031)
    volga: float | None = described("Change of vega for one volatility point, per share.", 0.0012)
    charm: float | None = described("Change of delta for one calendar day, per share.", -0.0008)
    position_delta: float | None = described("Times signed quantity and multiplier.", 413.2)
    position_gamma: float | None = described("Times signed quantity and multiplier.", 11.2)
    position_theta: float | None = described("USD a day, times signed quantity and multiplier.", -61.2)
    position_vega: float | None = described("USD a point, times signed quantity and multiplier.", 531.2)
    position_rho: float | None = described("USD a point, times signed quantity and multiplier.", 298.1)
    delta_dollars: float | None = described("Position delta times the underlying's price, USD.", 96717.7)
    gamma_dollars_1pct: float | None = described(
        "Change of delta dollars when the underlying moves by 1 %, USD.", 6136.4
    )
    null_reason: str | None = described(
        "Why there are none: no_underlying_price, no_volatility, two_boundaries; null if there are.",
        None,
    )


class GreeksMetadata(Metadata):
    """Metadata of the Greeks."""

    null_reason: Literal["no_public_positions", "options_without_greeks"] | None = described(
        "Why the portfolio has none; null if it has.", None
    )


class PortfolioGreeks(Analytic):
    """Greeks of a portfolio and its option positions."""

    data: Greeks | None
    positions: list[PositionGreeks]
    metadata: GreeksMetadata
