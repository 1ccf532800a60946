"""Volatility, value at risk, what makes them, and the backtest."""

from api.reports.model import Section, Table
from api.reports.reasons import in_words
from api.reports.tables import (
    Facts,
    Row,
    count,
    make_table,
    money,
    quality_of,
    rate,
    ratio,
    statistic,
    text,
)

TITLE = "Volatility, value at risk and backtest"
SHORT = {"reason": "too few returns are known"}
RATIO = {"reason_in": "ratio_null_reason"}
OF_EQUITY = {**RATIO, **SHORT}


def risk(facts: Facts) -> Section:
    """Volatility and value at risk of the holdings at the close."""
    row = facts.one("report_risk")
    quality = quality_of(row)
    figures = ("var_95_1d", "realized_volatility_21d", "total_volatility")
    if row is None or all(row[name] is None for name in figures):
        reason = quality.message if quality else "no risk figures were published for the session"
        return Section("risk", TITLE, reason=reason, quality=quality)
    volatility = (_volatility(row), *_volatility_contributions(facts))
    tail = (_value_at_risk(facts, row), _scaled(row), *_contributions(facts, row))
    missing = (*_undivided(facts), *_untested(facts))
    return Section("risk", TITLE, (*volatility, *tail, *_backtest(facts)), missing, quality=quality)


def _volatility(row: Row) -> Table:
    return make_table(
        "report_risk",
        [row],
        name="volatility",
        title="Volatility of the holdings, annualized",
        layout="facts",
        coverage=row["coverage"],
        columns=(
            rate("realized_volatility_21d", "Realized, 21 sessions", "per year", **OF_EQUITY),
            rate("realized_volatility_63d", "Realized, 63 sessions", "per year", **OF_EQUITY),
            rate("forecast_volatility_21d", "Expected, next 21 sessions", "per year", **OF_EQUITY),
            text("forecast_model", "Model of the expectation", **OF_EQUITY),
            text("volatility_trend", "Trend", **OF_EQUITY),
            rate("volatility_percentile", "Percentile in the last 252 sessions", **OF_EQUITY),
            rate("proxied_share", "Share of past returns proxied", **OF_EQUITY),
            statistic("market_beta", "Beta to the market", **OF_EQUITY),
            rate("market_beta_coverage", "Covered by the beta", "of gross", **SHORT),
            ratio("sharpe_ratio", "Sharpe ratio", "per year", reason_in="sharpe_null_reason"),
        ),
    )


def _volatility_contributions(facts: Facts) -> tuple[Table, ...]:
    """By position; nothing if no position has one, see _undivided."""
    rows = facts.rows["report_risk_contributions"]
    if all(row["component"] is None for row in rows):
        return ()
    reason = {"reason_in": "null_reason"}
    table = make_table(
        "report_risk_contributions",
        rows,
        name="volatility_by_position",
        title="Total volatility by the risk model, annualized, by position",
        key=("symbol",),
        coverage=rows[0]["coverage"],
        note="Weights are delta-adjusted exposure to equity. Components add up to the total volatility, "
        "which stands with the factors; a negative one lowers it.",
        columns=(
            text("symbol", "Position"),
            rate("exposure_weight", "Weight", "of equity", **reason),
            rate("standalone", "Alone", "per year", **reason),
            rate("component", "Component", "per year", **reason),
            rate("share", "Share of volatility", **reason),
        ),
    )
    return (table,)


def _undivided(facts: Facts) -> tuple[str, ...]:
    """Why no position has a contribution to the volatility."""
    rows = facts.rows["report_risk_contributions"]
    if any(row["component"] is not None for row in rows):
        return ()
    reasons = sorted({in_words(row["null_reason"]) for row in rows}) or ["no position is open"]
    return (f"Contributions to the volatility not available: {'; '.join(reasons)}.",)


def _value_at_risk(facts: Facts, row: Row) -> Table:
    return make_table(
        "report_value_at_risk",
        facts.rows["report_value_at_risk"],
        name="value_at_risk",
        title="One-day value at risk and expected shortfall",
        key=("method",),
        coverage=row["coverage"],
        note="Losses are positive.",
        columns=(
            text("method", "Method"),
            money("var_95_1d", "VaR 95 %", reason_in="null_reason"),
            money("var_99_1d", "VaR 99 %", reason_in="null_reason"),
            money("es_95_1d", "ES 95 %", reason_in="null_reason"),
            money("es_99_1d", "ES 99 %", reason_in="null_reason"),
        ),
    )


def _scaled(row: Row) -> Table:
    few = {"reason": "fewer past sessions are known than the method needs"}
    return make_table(
        "report_risk",
        [row],
        name="of_equity",
        title="Historical value at risk to equity, and over ten days",
        layout="facts",
        coverage=row["coverage"],
        note="Ten days are one day times the square root of ten.",
        columns=(
            rate("var_95_1d_pct_equity", "VaR 95 %, one day", "of equity", **RATIO, **few),
            rate("var_99_1d_pct_equity", "VaR 99 %, one day", "of equity", **RATIO, **few),
            rate("es_95_1d_pct_equity", "ES 95 %, one day", "of equity", **RATIO, **few),
            rate("es_99_1d_pct_equity", "ES 99 %, one day", "of equity", **RATIO, **few),
            money("var_95_10d", "VaR 95 %, ten days", **few),
            money("var_99_10d", "VaR 99 %, ten days", **few),
            count("scenario_days", "Past sessions used", "sessions"),
        ),
    )


def _contributions(facts: Facts, row: Row) -> tuple[Table, ...]:
    """By symbol and by factor; nothing without a value at risk."""
    tables = []
    for part_of, title in (("symbol", "Symbol"), ("factor", "Factor")):
        rows = [one for one in facts.rows["report_tail_contributions"] if one["part_of"] == part_of]
        if row["var_95_1d"] is None or not rows:
            continue
        reason = {"reason_in": "null_reason"}
        table = make_table(
            "report_tail_contributions",
            rows,
            name=f"var_by_{part_of}",
            title=f"Historical value at risk at 95 %, one day, by {part_of}",
            key=("part_of", "part"),
            coverage=row["coverage"],
            note="Components add up to it; a negative one lowers it.",
            columns=(
                text("part", title),
                money("component", "Component", **reason),
                rate("share", "Share", **reason),
                money("standalone", "Alone", **reason),
                money("incremental", "Less without it", **reason),
            ),
        )
        tables.append(table)
    return tuple(tables)


def _backtest(facts: Facts) -> tuple[Table, ...]:
    rows = facts.rows["report_var_backtest"]
    if not rows:
        return ()
    few = {"reason": "fewer than 60 days can be tested"}
    table = make_table(
        "report_var_backtest",
        rows,
        name="backtest",
        title="Backtest: days on which the loss broke the VaR of the day before",
        key=("method", "pnl_basis", "confidence"),
        columns=(
            text("method", "Method"),
            text("pnl_basis", "P&L"),
            rate("confidence", "Confidence", "probability"),
            count("observations", "Days"),
            count("breaches", "Breaches"),
            ratio("expected_breaches", "Expected", "count", **few),
            statistic("kupiec_p_value", "Kupiec p-value", "probability", **few),
            statistic("christoffersen_p_value", "Christoffersen p-value", "probability", **few),
            text("traffic_light", "Traffic light", reason="only 99 % over 250 days has one"),
        ),
    )
    return (table,)


def _untested(facts: Facts) -> tuple[str, ...]:
    if facts.rows["report_var_backtest"]:
        return ()
    return ("Backtest not available: it begins once 60 days can be tested.",)
