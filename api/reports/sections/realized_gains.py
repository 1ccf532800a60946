"""What was realized, by year and by lot."""

from api.reports.model import Column, Kind, Section
from api.reports.tables import Facts, count, day, make_table, money, quantity, text

TITLE = "Realized gains"
DEFINITIONS = (
    (
        "Under the lot method in force for the portfolio on the day. Long term: held for more than a year; "
        "shorts and written options are short-term. Losses that wash sales disallow stand beside the gains "
        "and do not change them. Not tax advice."
    ),
)


def realized_gains(facts: Facts) -> Section:
    """Gains by year and the lots of the last year; available once something was sold or expired."""
    years, lots = facts.rows["report_realized_gains"], facts.rows["report_realized_lots"]
    if not years:
        return Section("realized_gains", TITLE, reason="nothing was sold, covered or expired")
    by_year = make_table(
        "report_realized_gains",
        years,
        name="by_year",
        title="By calendar year",
        key=("calendar_year",),
        columns=(
            Column("calendar_year", "Year", Kind.TEXT),
            count("lot_count", "Lots"),
            money("proceeds", "Proceeds"),
            money("basis", "Basis"),
            money("short_term", "Short term"),
            money("long_term", "Long term"),
            money("unknown_term", "Term unknown"),
            money("gain", "Gain"),
            money("wash_disallowed", "Wash sales"),
            money("gain_after_wash_sales", "After wash sales"),
        ),
    )
    listed = make_table(
        "report_realized_lots",
        lots,
        name="lots",
        title="Lots of the last year",
        key=("symbol", "disposed_on"),
        columns=(
            text("symbol", "Symbol"),
            text("kind", "How"),
            text("lot_method", "Method"),
            day("acquired_on", "Acquired"),
            day("disposed_on", "Disposed"),
            quantity("quantity"),
            money("proceeds", "Proceeds"),
            money("basis", "Basis"),
            money("gain", "Gain"),
            text("term", "Term", reason_in="term_null_reason"),
            money("wash_disallowed", "Wash sales"),
        ),
    )
    tables = (by_year, listed) if lots else (by_year,)
    return Section("realized_gains", TITLE, tables, DEFINITIONS)
