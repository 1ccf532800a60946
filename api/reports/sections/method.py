"""How the figures are defined: the method appendix."""

from typing import Final

from api.reports.figures import POLICY
from api.reports.model import Section
from warehouse.method import factors, method_variables

DEFINITIONS: Final = """
Equity is the starting capital plus capital flows plus the P&L since; cash is equity less the net market
value of the positions.

The P&L of a day is the change of the market value plus dividends. Unrealized, realized and dividends,
less what was unrealized at the opening, add up to the P&L since inception.

The return of a day is its P&L over the equity of the day before plus the day's capital flow. Time-
weighted returns chain daily returns, and drawdown is measured on their index. A money-weighted return
is the internal rate of return of the capital flows and the final equity.

Gross exposure is long plus short, net is long less short. At market counts market values, at cost the
entry values; delta-adjusted counts an option with delta x quantity x multiplier x the price of its
underlying.

Greeks are those of American options, on indices European ones, with a continuous dividend yield: theta
per calendar day, vega per volatility point, rho per rate point. Those of a position multiply by its
signed quantity and the multiplier.

The risk model regresses a symbol on eight factors at once, over {risk_window} sessions whose weight
halves every {half_life}, with a prior. A portfolio's beta is the sum of delta-adjusted exposure x beta,
over equity. Styles and the yield are moves beyond the market. Coverage is the share of the exposure
that has betas.

Volatility is that of the holdings at the close applied to past returns, annualized with 252 days.

Value at risk and expected shortfall are of one day and positive for a loss: historical (the holdings
through the last {outcomes} sessions, options repriced), filtered (these outcomes scaled to the current
volatility), normal, Cornish-Fisher, and stressed (historical, through the sessions from {stressed_start}
to {stressed_end} instead). Ten days are one day times the square root of ten. The backtest
counts the days whose loss broke the VaR of the day before; small p-values reject it.

Tracking error ex post is the annualized deviation of the daily differences from the benchmark over
{benchmark_window} sessions, and the information ratio their annualized mean over it; captures are mean
returns on days on which the benchmark rises, or falls, over its own. Ex ante is the deviation of the
difference by the risk model, in which the benchmark is a short holding of the size of the equity.

Correlations are Pearson's on daily returns over {correlation_window} sessions. Effective bets are the
exponential of the entropy of the variance shares of minimum-torsion bets.

Realized gains are proceeds less the basis of the lots that the portfolio's method relieves, to the cent;
a loss is disallowed by a wash sale as far as the same instrument is acquired within 30 days.

Stress results are instantaneous. Direct: factors without a shock stay. Correlated: they move as
expected given all the shocked ones. Options are repriced. Positions without betas are left out, and
lower the coverage.

An absent figure has a reason and is never 0. The definitions in full are in docs/method.md.
"""


def method() -> Section:
    """The definitions, with the windows that are in force."""
    variables = method_variables()
    text = DEFINITIONS.format(
        risk_window=next(row["window_days"] for row in factors() if row["model"] == "risk"),
        half_life=variables["factor_rules"]["half_life"],
        outcomes=variables["risk_rules"]["window"],
        stressed_start=variables["stressed_window_start"],
        stressed_end=variables["stressed_window_end"],
        benchmark_window=variables["benchmark_rules"]["window"],
        correlation_window=variables["correlation_rules"]["window"],
    )
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return Section("method", "Method", (), (*paragraphs, POLICY))
