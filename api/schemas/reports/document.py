"""The report as JSON: sections of tables, decimals as text."""

from typing import Literal
from uuid import UUID

from api.schemas.analytics_common import PORTFOLIO_ID
from api.schemas.common import Decimal, ResponseModel, described


class ReportMetadata(ResponseModel):
    """What the report is about, and how to read it."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    portfolio_name: str = described("Its name.", "Growth")
    account_type: str | None = described("Type of the account; null if it is not stated.", "taxable")
    currency: str = described("Currency of amounts, ISO 4217.", "USD")
    inception_date: str = described("First day of the portfolio.", "2025-06-30")
    as_of_date: str = described("Session of the figures.", "2025-09-12")
    publication_id: int = described("Publication that last changed the session's figures.", 1)
    published_at: str = described("When it was published.", "2025-09-13T00:12:05.123456Z")
    prices: Literal["loaded", "simulated"] = described("simulated if any price is.", "simulated")
    price_notice: str | None = described(
        "A sentence to display if prices are simulated, else null.",
        "Prices are simulated: they follow a seeded model, not the market.",
    )
    withheld_notice: str | None = described(
        "A sentence to display if newer figures of the portfolio are withheld, else null.", None
    )
    precision: str = described("How figures are rounded.", "Decimals: money 2, prices and Greeks 4.")
    how_to_read: str = described("What the parts of the document mean.", "Null is an absent figure.")


class ReportColumn(ResponseModel):
    """A column of a table."""

    name: str = described("Key in the rows.", "equity")
    label: str = described("Heading.", "Equity")
    kind: str = described("Kind of value: money, price, rate, statistic, text and others.", "money")
    unit: str | None = described("Unit; null for words.", "USD")


class ReportAbsence(ResponseModel):
    """Why values of a column are null."""

    column: str = described("The column.", "sharpe_ratio")
    reason: str = described("The reason.", "the 3-month Treasury yield is unknown on too many sessions")
    rows: list[str] = described("Keys of the rows; empty for a table of one row.", [])


class ReportTable(ResponseModel):
    """Figures, with where they come from."""

    name: str = described("Name within the section.", "value")
    title: str = described("Title.", "Value and P&L")
    query: str = described("Query that read it.", "report_portfolio")
    marts: list[str] = described("Marts that the query reads.", ["fct_portfolio_snapshots"])
    coverage: Decimal | None = described("Share that is measured, 0 to 1; null if it has none.", "1.000000")
    note: str | None = described("A remark, or null.", None)
    columns: list[ReportColumn]
    rows: list[dict[str, str | None]] = described("Rows by column.", [{"equity": "520730.12"}])
    absent: list[ReportAbsence]


class ReportQuality(ResponseModel):
    """How far the data support a section."""

    flag: str = described("As in data_quality of the analytics.", "full_history")
    message: str = described("In words.", "Every analyzed position has a full window of returns.")
    positions_analyzed: int = described("Positions measured.", 16)
    positions_total: int = described("Open positions.", 16)
    positions_skipped: int = described("Positions that are not measured.", 0)
    data_days: int = described("Sessions of data.", 501)
    coverage_of_equity: Decimal | None = described("Share of equity measured; null if unknown.", "1.000000")


class ReportSection(ResponseModel):
    """A section; all are listed, also those without figures."""

    name: str = described("Name.", "summary")
    title: str = described("Title.", "Summary")
    available: bool = described("Whether it has figures.", True)
    reason: str | None = described("Why not; null if it has.", None)
    data_quality: ReportQuality | None
    text: list[str] = described("Definitions and remarks.", [])
    tables: list[ReportTable]
    series: list[ReportTable]


class ReportDocument(ResponseModel):
    """A portfolio's report."""

    schema_version: str = described("Version of these fields.", "1.0")
    metadata: ReportMetadata
    available: dict[str, bool] = described("Which sections have figures.", {"summary": True})
    sections: list[ReportSection]
