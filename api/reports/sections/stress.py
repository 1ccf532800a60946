"""Stress: the five worst and the five best scenarios."""

from collections.abc import Iterable

from api.reports.model import Chart, Section, Table
from api.reports.tables import Facts, Row, make_table, money, quality_of, rate, text

QUERY = "report_stress"
TITLE = "Stress scenarios"
LISTED = 5


def stress(facts: Facts) -> Section:
    """The scenarios with the largest loss and the largest gain, by their direct result."""
    rows = facts.rows[QUERY]
    measured = [row for row in rows if row["direct_pnl"] is not None]
    quality = quality_of(rows[0] if rows else None)
    if not measured:
        reason = quality.message if quality else "no stress results were published for the session"
        return Section("stress", TITLE, reason=reason, quality=quality)
    worst = measured[:LISTED]
    best = measured[LISTED:][::-1][:LISTED]
    said = (
        f"{len(measured)} of {len(rows)} scenarios have a result. Direct: factors without a shock stay. "
        "Correlated: they move as expected given the shocked ones. Both are instantaneous."
    )
    tables = (
        _table("worst", "The five worst scenarios", worst),
        _table("best", "The five best scenarios", best),
    )
    return Section("stress", TITLE, tables, (said,), quality=quality)


def _table(name: str, title: str, rows: Iterable[Row]) -> Table:
    kept = list(rows)
    ratio = {"reason_in": "ratio_null_reason"}
    return make_table(
        QUERY,
        kept,
        name=name,
        title=title,
        key=("scenario_name",),
        coverage=kept[0]["coverage"] if kept else None,
        chart=Chart("bars", "scenario_name", ("direct_pnl", "correlated_pnl")),
        columns=(
            text("scenario_name", "Scenario"),
            text("category", "Category", reason="the scenario is no longer defined"),
            text("severity", "Severity", reason="the scenario is no longer defined"),
            money("direct_pnl", "Direct P&L"),
            rate("direct_pct_equity", "of equity", **ratio),
            money("correlated_pnl", "Correlated P&L", reason="no correlated result"),
            rate("correlated_pct_equity", "of equity", **ratio),
            money("replay_pnl", "Replay", reason="only historical scenarios are replayed"),
            text("doubts", "Doubts", reason="none"),
        ),
    )
