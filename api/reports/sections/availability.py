"""What could be measured, engine by engine, in words."""

from collections.abc import Mapping
from typing import Any

from api.reports.model import Section
from api.reports.reasons import in_words
from api.reports.tables import Facts, Row, count, make_table, rate, text

TITLE = "Data availability"
FULL = "full_history"
# engine, its query, the column that holds a figure if it ran
ENGINES = (
    ("factor exposures", "report_factors", "dollar_exposure"),
    ("volatility and value at risk", "report_risk", "var_95_1d"),
    ("tracking error", "report_benchmark_risk", "tracking_error_ex_ante"),
    ("liquidity", "report_liquidity", "share_1d"),
    ("correlation", "report_correlation", "mean_correlation"),
    ("stress", "report_stress", "direct_pnl"),
)


def availability(facts: Facts) -> Section:
    """One line for each engine; always available."""
    rows = [_valuation(facts), _greeks(facts), *(_engine(facts, *engine) for engine in ENGINES)]
    engines = make_table(
        "report_portfolio",
        rows,
        name="engines",
        title="Engines",
        key=("engine",),
        note="Counts add up: analyzed and skipped positions are all open positions.",
        columns=(
            text("engine", "Engine"),
            text("available", "Available"),
            text("flag", "Data quality"),
            count("positions_analyzed", "Analyzed"),
            count("positions_skipped", "Skipped"),
            count("positions_total", "Open positions"),
            count("data_days", "Sessions of data", "sessions"),
            rate(
                "coverage_of_equity",
                "Coverage of equity",
                reason="equity is not positive, or the engine has no such measure",
            ),
            text("message", "In words"),
        ),
    )
    return Section("availability", TITLE, (engines,), _prices(facts))


def _valuation(facts: Facts) -> Mapping[str, Any]:
    head = facts.head
    late_flags = {"stale_price", "missing_price", "dead_symbol"}
    late = [row for row in facts.rows["report_positions"] if row["price_flag"] in late_flags]
    priced = head["position_count"] - head["private_count"]
    message = (
        f"{len(late)} positions are valued at an older price: {_listed(late)}."
        if late
        else "Every position is valued: at a price of the session, by a model, or at its last mark."
    )
    return {
        "engine": "valuation",
        "available": "yes",
        "flag": "no_public_positions" if not priced else "limited_history" if late else FULL,
        "positions_analyzed": head["position_count"],
        "positions_skipped": 0,
        "positions_total": head["position_count"],
        "data_days": head["session_count"],
        "coverage_of_equity": 1.0,
        "message": message,
    }


def _listed(rows: list[Row]) -> str:
    return ", ".join(dict.fromkeys(row["symbol"] for row in rows))


def _greeks(facts: Facts) -> Mapping[str, Any]:
    row = facts.one("report_greeks")
    positions = facts.rows["report_positions"]
    known = [each for each in positions if each["delta"] is not None] if row else []
    flag, message = _greeks_in_words(row)
    return {
        "engine": "Greeks",
        "available": "yes" if row is not None and row["delta"] is not None else "no",
        "flag": flag,
        "positions_analyzed": len(known),
        "positions_skipped": len(positions) - len(known),
        "positions_total": len(positions),
        "data_days": 1 if known else 0,
        "coverage_of_equity": None,
        "message": message,
    }


def _greeks_in_words(row: Row | None) -> tuple[str, str]:
    if row is None:
        return "not_published", "No Greeks were published for the session."
    if row["delta"] is None:
        return row["null_reason"], f"No Greeks: {in_words(row['null_reason'])}."
    if not row["option_count"]:
        return FULL, "No options are held; shares have a delta of one each."
    known = row["option_count"] - row["options_without_greeks"]
    flag = "partially_covered" if row["options_without_greeks"] else FULL
    return flag, f"{known} of {row['option_count']} options have Greeks."


def _engine(facts: Facts, engine: str, query: str, figure: str) -> Mapping[str, Any]:
    rows = facts.rows[query]
    total = facts.head["position_count"]
    if not rows:
        return {
            "engine": engine,
            "available": "no",
            "flag": "not_published",
            "positions_analyzed": 0,
            "positions_skipped": total,
            "positions_total": total,
            "data_days": 0,
            "coverage_of_equity": 0.0,
            "message": "Nothing was published for the session.",
        }
    row = rows[0]
    return {
        "engine": engine,
        "available": "yes" if any(each[figure] is not None for each in rows) else "no",
        "flag": row["quality_flag"],
        "message": row["quality_message"],
        **{
            name: row[name]
            for name in (
                "positions_analyzed",
                "positions_skipped",
                "positions_total",
                "data_days",
                "coverage_of_equity",
            )
        },
    }


def _prices(facts: Facts) -> tuple[str, ...]:
    notice = facts.head["price_notice"]
    return (notice,) if notice else ()
