"""Why a figure is absent: the codes of the marts in words."""

from typing import Final

REASONS: Final = {
    "capital_not_positive": "the capital at the start of the session was not positive",
    "return_chain_broken": "equity was not positive on this or an earlier session",
    "equity_not_positive": "equity is not positive, so there is no ratio to it",
    "history_too_short": "the portfolio is younger than the period",
    "no_unique_rate": "no rate, or more than one, solves it",
    "annual_rate_out_of_range": "the rate of a year is out of range",
    "benchmark_returns_missing": "the benchmark's return is unknown on some sessions",
    "no_benchmark_segments": "the sectors of the benchmark are not known",
    "benchmark_residual": "what the benchmark earns beside the funds of its sectors has no parts",
    "no_proxy_price": "the fund of the benchmark's sector has no price on some sessions",
    "factor_not_in_model": "the factor has too few returns for the model on some sessions",
    "no_factor_return": "the move of the factor is unknown on some sessions",
    "no_public_positions": "the portfolio holds no public positions or options",
    "options_without_greeks": "an option has no Greeks",
    "private_position": "a private holding has no market price to derive it from",
    "private": "a private holding has no market",
    "no_option_volume": "too few quotes of the contract have a volume",
    "option": "the cost model is of shares",
    "no_volume": "no volume is known",
    "too_few_volumes": "the volume of too few sessions is known",
    "not_traded": "it is never traded",
    "no_shares_outstanding": "the shares outstanding are not known",
    "no_value_at_risk": "there is no value at risk",
    "expired": "the option expires on this session",
    "adjusted_deliverable": "the option delivers what was spun off too",
    "no_underlying_price": "the option's underlying has no price",
    "no_volatility": "no volatility is known",
    "missing_price": "a price is missing",
    "no_greeks": "the Greeks of the close before are not known",
    "no_betas": "it has too few returns for betas",
    "no_loss_around_the_quantile": "the outcomes around the value at risk are no losses",
    "two_boundaries": "at these negative rates the price of an American option is not known",
    "too_few_outcomes": "fewer past sessions are known than the method needs",
    "constant_outcomes": "the past outcomes do not vary",
    "quantile_not_monotone": "the Cornish-Fisher quantile is not monotone for this skewness and kurtosis",
    "no_provider_beta": "no provider states a beta for the holdings",
    "too_few_sessions": "fewer sessions have a return than it needs",
    "too_few_rising_sessions": "the benchmark rises on too few sessions",
    "too_few_falling_sessions": "the benchmark falls on too few sessions",
    "no_variation": "what it would be measured by does not vary",
    "no_portfolio_volatility": "no position has betas of the risk model",
    "no_active_risk": "it does not deviate from the benchmark",
    "no_benchmark_betas": "the benchmark has too few returns for betas",
    "no_factor_data": "no position has enough returns for betas",
    "coverage_too_low": "too little of the exposure is covered",
    "no_exposure": "long and short exposure cancel",
    "too_few_market_days": "too few sessions have P&L of public positions or options",
    "no_risk_free_rate": "the 3-month Treasury yield is unknown on too many sessions",
    "acquisition_date_assumed": "the download does not know when it was bought",
    "deviation_not_from_market": "most of the variance does not come from market P&L",
}
UNKNOWN: Final = "the mart holds no value and no reason"


def in_words(code: str | None) -> str:
    """The reason of a code; a code without words is shown as it is."""
    return UNKNOWN if code is None else REASONS.get(code, code.replace("_", " "))
