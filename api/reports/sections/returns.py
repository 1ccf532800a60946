"""Returns by period, by month, and the worst drawdowns."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

from api.reports.model import Chart, Column, Kind, Section, Series, Table
from api.reports.reasons import in_words
from api.reports.tables import Facts, Row, count, day, make_series, make_table, rate, text

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MEASURES: Final = (("time_weighted", "portfolio"), ("benchmark", "benchmark"), ("excess", "excess"))
DEFINITIONS: Final = (
    (
        "Time-weighted returns chain the daily returns and do not depend on capital flows. Money-weighted "
        "returns are the internal rate of return of the equity at the start, the capital flows and the "
        "equity at the end. Excess is time-weighted less benchmark."
    ),
    (
        "MTD, QTD and YTD begin with the month, quarter or year, or with the portfolio if that is later; 1W, "
        "1Y and 3Y are trailing; ITD is since inception. Rates a year are of periods of at least a year."
    ),
)
SHORT = "the period is less than a year"
BROKEN = "Equity was not positive on a session: later falls are not known, and the last one may be deeper."
NO_SESSION = "the portfolio has no session in the month"
NO_RETURN = "the return of the month is unknown"


def returns(facts: Facts) -> Section:
    """Returns by period with their definitions."""
    rows = facts.rows["report_returns"]
    title = "Returns by period"
    if not rows:
        return Section("returns", title, reason="no returns were published for the session")
    of_portfolio = {"reason_in": "time_weighted_null_reason"}
    of_flows = {"reason_in": "money_weighted_null_reason"}
    periods = make_table(
        "report_returns",
        rows,
        name="periods",
        title="Time-weighted, money-weighted and benchmark",
        key=("period",),
        note=f"Benchmark: {rows[0]['benchmark_symbol'] or 'none'}, with dividends.",
        columns=(
            text("period", "Period"),
            day("from_date", "From", **of_portfolio),
            count("sessions", "Sessions", "sessions", **of_portfolio),
            rate("time_weighted", "Time-weighted", **of_portfolio),
            rate(
                "time_weighted_annualized", "Time-weighted a year", "per year", reason=SHORT, **of_portfolio
            ),
            rate("money_weighted_period", "Money-weighted", **of_flows),
            rate("money_weighted_annualized", "Money-weighted a year", "per year", reason=SHORT, **of_flows),
            rate("benchmark", "Benchmark", reason_in="benchmark_null_reason"),
            rate("excess", "Excess", reason_in="excess_null_reason"),
            rate("coverage", "Benchmark known", "fraction of sessions", **of_portfolio),
        ),
    )
    return Section("returns", title, (_growth(facts), periods), DEFINITIONS)


def _growth(facts: Facts) -> Series:
    return make_series(
        "report_growth",
        facts.rows["report_growth"],
        name="growth",
        title="Time-weighted return since inception",
        columns=(
            day("as_of_date", "Session"),
            rate("time_weighted", "Portfolio", reason="the chain of returns is broken"),
            rate("benchmark", "Benchmark", reason="the benchmark's return is unknown on a session"),
        ),
        chart=Chart("line", "as_of_date", ("time_weighted", "benchmark")),
    )


def monthly(facts: Facts) -> Section:
    """A row for each year and measure, a column for each month."""
    rows = list(_years(facts.rows["report_months"]))
    if not rows:
        return Section("monthly", "Monthly returns", reason="the portfolio has no month of returns yet")
    table = make_table(
        "report_months",
        rows,
        name="months",
        title="Time-weighted returns by calendar month",
        key=("calendar_year", "measure"),
        note="The first and the last month may be parts of a month.",
        columns=(
            Column("calendar_year", "Year", Kind.TEXT),
            text("measure", "Return of"),
            *(rate(month, month, reason=NO_RETURN, reason_in=f"{month}_reason") for month in MONTHS),
        ),
    )
    return Section("monthly", "Monthly returns", (table,))


def _years(months: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    for year, group in groupby(months, key=lambda row: _year(row["month_begins"])):
        found = {MONTHS[row["month_begins"].month - 1]: row for row in group}
        for name, measure in MEASURES:
            values = {month: found[month][name] if month in found else None for month in MONTHS}
            reasons = {f"{month}_reason": None if month in found else NO_SESSION for month in MONTHS}
            yield {"calendar_year": year, "measure": measure, **values, **reasons}


def _year(day_of_month: date) -> int:
    return day_of_month.year


def drawdowns(facts: Facts) -> Section:
    """The five worst drawdowns of the time-weighted return."""
    rows = facts.rows["report_drawdowns"]
    title = "Worst drawdowns"
    if not rows:
        broken = facts.head["twr_null_reason"]
        reason = in_words(broken) if broken else "the time-weighted return has not fallen from a peak yet"
        return Section("drawdowns", title, reason=reason)
    table = make_table(
        "report_drawdowns",
        rows,
        name="worst",
        title="The five worst drawdowns since inception",
        key=("peak_date",),
        note=BROKEN if facts.head["twr_null_reason"] else None,
        columns=(
            day("peak_date", "Peak"),
            day("trough_date", "Trough"),
            day("recovery_date", "Recovery", reason="it has not recovered by the session"),
            rate("depth", "Depth"),
            count("sessions", "Sessions", "sessions"),
        ),
    )
    return Section("drawdowns", title, (table, _series(facts)))


def _series(facts: Facts) -> Table:
    return make_series(
        "report_history",
        facts.rows["report_history"],
        name="drawdown",
        title="Drawdown by session",
        columns=(day("as_of_date", "Session"), rate("drawdown", "Drawdown", reason_in="twr_null_reason")),
        chart=Chart("line", "as_of_date", ("drawdown",)),
    )
