"""Value, P&L, exposure and risk at a glance."""

from api.reports.model import Chart, Section, Series
from api.reports.tables import Facts, count, day, make_series, make_table, money, rate, ratio, statistic, text

QUERY = "report_portfolio"
HISTORY = "report_history"
CHAIN = {"reason_in": "twr_null_reason"}
TO_EQUITY = {"reason_in": "ratio_null_reason"}
OF_RISK = {"reason_in": "risk_ratio_null_reason"}


def summary(facts: Facts) -> Section:
    """The summary; always available."""
    head = facts.head
    unmeasured = head["risk_message"] or "no risk figures were published for the session"
    value = make_table(
        QUERY,
        [head],
        name="value",
        title="Value and P&L",
        layout="facts",
        coverage=head["public_price_coverage"],
        note="Coverage: the share of public positions, by value, that has a recent price.",
        columns=(
            money("equity", "Equity"),
            money("cash", "Cash"),
            money("cash_and_equivalents", "Positions in cash and money-market funds"),
            money("net_market_value", "Net market value of positions"),
            money("initial_equity", "Equity at the start"),
            money("capital_flow", "Capital flow of the day"),
            money("daily_pnl", "P&L of the day"),
            rate("daily_return", "Return of the day", reason_in="daily_return_null_reason"),
            money("mtd_pnl", "P&L of the month"),
            money("ytd_pnl", "P&L of the year"),
            money("cumulative_pnl", "P&L since inception"),
            money("unrealized_pnl", "of which unrealized"),
            money("cumulative_realized_pnl", "of which realized"),
            money("cumulative_dividends", "of which dividends"),
            money("unrealized_at_opening", "less unrealized at opening"),
            statistic("twr_index", "Time-weighted index", "1 at the start", **CHAIN),
            rate("drawdown", "Drawdown from the peak", **CHAIN),
            count("session_count", "Sessions since inception", "sessions"),
        ),
    )
    risk = make_table(
        QUERY,
        [head],
        name="risk",
        title="Exposure and risk",
        layout="facts",
        coverage=head["risk_coverage"],
        note=head["risk_message"] if head["risk_flag"] == "partially_covered" else None,
        columns=(
            money("gross_exposure", "Gross exposure"),
            money("net_exposure", "Net exposure"),
            ratio("leverage", "Gross exposure to equity", **TO_EQUITY),
            ratio("net_to_equity", "Net exposure to equity", **TO_EQUITY),
            rate(
                "top_5_share", "Five largest symbols", "share of gross", reason="there is no gross exposure"
            ),
            ratio("effective_names", "Effective number of symbols", reason="there is no gross exposure"),
            statistic("market_beta", "Beta to the market", reason=unmeasured, **OF_RISK),
            rate("market_beta_coverage", "Covered by the beta", "of gross", reason=unmeasured),
            rate(
                "forecast_volatility_21d",
                "Expected volatility, 21 days",
                "per year",
                reason=unmeasured,
                **OF_RISK,
            ),
            money("var_95_1d", "One-day value at risk, 95 %", reason=unmeasured),
            ratio("sharpe_ratio", "Sharpe ratio", "per year", reason_in="sharpe_null_reason"),
        ),
    )
    positions = make_table(
        QUERY,
        [head],
        name="positions",
        title="Positions",
        layout="facts",
        columns=(
            count("position_count", "Open positions"),
            count("long_count", "of which long"),
            count("short_count", "of which short"),
            count("cash_count", "of which cash and money-market funds"),
            count("option_count", "Options among them"),
            count("private_count", "Private holdings among them"),
            text("account_type", "Account", reason="no account type is stated"),
            day("inception_date", "Inception"),
        ),
    )
    return Section("summary", "Summary", (value, risk, positions, _history(facts)))


def _history(facts: Facts) -> Series:
    return make_series(
        HISTORY,
        facts.rows[HISTORY],
        name="equity",
        title="Equity by session",
        columns=(
            day("as_of_date", "Session"),
            money("equity", "Equity"),
            rate("daily_return", "Return", reason_in="daily_return_null_reason"),
            statistic("twr_index", "Time-weighted index", "1 at the start", **CHAIN),
        ),
        chart=Chart("line", "as_of_date", ("equity",)),
    )
