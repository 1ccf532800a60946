"""Dividends."""

from api.reports.model import Column, Kind, Section
from api.reports.tables import Facts, day, make_table, money, quantity, text


def dividends(facts: Facts) -> Section:
    """Dividends of the last year, and by calendar year."""
    years, paid = facts.rows["report_dividend_years"], facts.rows["report_dividends"]
    if not years:
        reason = "no position has gone ex dividend since the portfolio's inception"
        return Section("dividends", "Dividends", reason=reason)
    by_year = make_table(
        "report_dividend_years",
        years,
        name="by_year",
        title="By calendar year",
        key=("calendar_year",),
        note="Booked on the ex-date; negative on short positions, which pay them.",
        columns=(Column("calendar_year", "Year", Kind.TEXT), money("dividends", "Dividends")),
    )
    listed = make_table(
        "report_dividends",
        paid,
        name="last_year",
        title="Ex-dates of the last year",
        key=("ex_date", "symbol"),
        columns=(
            day("ex_date", "Ex-date"),
            text("symbol", "Symbol"),
            quantity("quantity"),
            money("dividends", "Dividends"),
        ),
    )
    none_lately = ("No position went ex dividend in the last year.",)
    tables = (by_year, listed) if paid else (by_year,)
    return Section("dividends", "Dividends", tables, () if paid else none_lately)
