"""What is absent is said with its reason, in every format the same."""

import csv
import io
import json
from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from api.reports.model import Section
from api.reports.reasons import UNKNOWN
from api.reports.sections.factors import factors
from api.reports.sections.realized_gains import realized_gains
from api.reports.sections.returns import BROKEN, drawdowns
from api.reports.sections.risk import risk
from api.reports.sections.summary import summary
from api.reports.tables import Facts
from tests.api.reports.report_files import Reports, read

PRIVATE = "Demo Family Office Private Opportunities"


def document(reports: Reports, name: str) -> dict[str, Any]:
    return dict(json.loads(read(reports[name], "portfolio_report.json")))


def test_every_null_has_a_reason(reports: Reports) -> None:
    for name in reports:
        for section in document(reports, name)["sections"]:
            for table in (*section["tables"], *section["series"]):
                nulls = {column for row in table["rows"] for column, value in row.items() if value is None}
                assert nulls == {absence["column"] for absence in table["absent"]}
                assert UNKNOWN not in {absence["reason"] for absence in table["absent"]}


def test_available_is_what_has_figures(reports: Reports) -> None:
    for name, written in reports.items():
        found = document(reports, name)
        pages = read(written, "portfolio_report.md").split("\n## ")[1:]
        assert len(pages) == len(found["sections"]) == len(found["available"])
        for section, page in zip(found["sections"], pages, strict=True):
            assert page.startswith(section["title"] + "\n")
            assert found["available"][section["name"]] is section["available"]
            assert section["available"] is (section["reason"] is None)
            assert section["available"] is ("Not available:" not in page)
            assert bool(section["tables"]) is ("| --- |" in page)
            assert section["available"] is (bool(section["tables"]) or section["name"] == "method")


def test_a_private_portfolio_says_why_it_has_no_risk(reports: Reports) -> None:
    found = document(reports, PRIVATE)
    absent = {name for name, available in found["available"].items() if not available}
    assert absent == {
        *("drawdowns", "greeks", "option_pnl", "factors", "risk", "benchmark"),
        *("correlation", "stress", "dividends", "realized_gains"),
    }
    page = read(reports[PRIVATE], "portfolio_report.md")
    rows = list(csv.DictReader(io.StringIO(read(reports[PRIVATE], "portfolio_report_sections.csv"))))
    for section in found["sections"]:
        if not section["available"]:
            assert section["reason"]
            assert section["reason"].rstrip(".") in page.replace("\\", "")
            assert section["reason"] in {row["reason"] for row in rows}


def test_counts_add_up(reports: Reports) -> None:
    for name in reports:
        sections = {section["name"]: section for section in document(reports, name)["sections"]}
        [engines] = sections["availability"]["tables"]
        for row in engines["rows"]:
            parts = int(row["positions_analyzed"]) + int(row["positions_skipped"])
            assert parts == int(row["positions_total"])
        [_, _, counts] = sections["summary"]["tables"]
        held = counts["rows"][0]
        sides = ("long_count", "short_count", "cash_count")
        assert sum(int(held[side]) for side in sides) == int(held["position_count"])
        assert len(sections["holdings"]["tables"][0]["rows"]) == int(held["position_count"])


def test_no_factor_stands_twice(reports: Reports) -> None:
    for name in reports:
        tables = next(each for each in document(reports, name)["sections"] if each["name"] == "factors")[
            "tables"
        ]
        names = [row["name"] for table in tables for row in table["rows"] if "name" in row]
        assert len(names) == len(set(names))


def test_an_unlevered_portfolio_loses_no_more_than_its_gross_exposure(reports: Reports) -> None:
    for name in reports:
        sections = {section["name"]: section for section in document(reports, name)["sections"]}
        gross = float(sections["exposures"]["tables"][0]["rows"][0]["gross_exposure"])
        leverage = sections["summary"]["tables"][1]["rows"][0]["leverage"]
        if leverage is None or float(leverage) > 1:
            continue
        for table in sections["stress"]["tables"]:
            assert all(-float(row["direct_pnl"]) <= gross for row in table["rows"])


def risk_section(positions: list[dict[str, Any]], **others: Any) -> Section:
    """The section of a portfolio whose only risk figure is its volatility, or one of the other figures."""
    known = {"total_volatility": 0.2, "coverage": 0.6} | others
    figures: defaultdict[str, Any] = defaultdict(lambda: None, known)
    rows: dict[str, tuple[Any, ...]] = {
        "report_risk": (figures,),
        "report_risk_contributions": tuple(positions),
        "report_value_at_risk": (),
        "report_tail_contributions": (),
        "report_var_backtest": (),
    }
    return risk(Facts(rows))


def contribution(symbol: str, figure: float | None, reason: str | None) -> dict[str, Any]:
    names = ("exposure_weight", "standalone", "component", "share")
    return {"symbol": symbol, "null_reason": reason, "coverage": 0.6, **dict.fromkeys(names, figure)}


def test_a_position_without_a_contribution_says_why() -> None:
    positions = [contribution("SPY", 0.2, None), contribution("NEW", None, "no_betas")]
    table = next(each for each in risk_section(positions).tables if each.name == "volatility_by_position")
    assert table.coverage == 0.6
    assert table.marts == ("fct_risk_contributions",)
    assert table.rows == (("SPY", *[0.2] * 4), ("NEW", *[None] * 4))
    assert {(absence.reason, absence.rows) for absence in table.absent} == {
        ("it has too few returns for betas", ("NEW",))
    }


def test_without_any_contribution_there_is_a_sentence_in_place_of_the_table() -> None:
    positions = [contribution("FUND", None, "private"), contribution("NEW", None, "no_portfolio_volatility")]
    section = risk_section(positions)
    assert all(table.name != "volatility_by_position" for table in section.tables)
    assert section.paragraphs[0] == (
        "Contributions to the volatility not available: a private holding has no market; "
        "no position has betas of the risk model."
    )
    assert "no position is open" in risk_section([]).paragraphs[0]


def test_without_positive_equity_a_volatility_is_not_said_to_lack_returns() -> None:
    why = "equity_not_positive"
    head: defaultdict[str, Any] = defaultdict(lambda: None, risk_ratio_null_reason=why, risk_message="Full.")
    in_short = summary(Facts({"report_portfolio": (head,), "report_history": ()})).tables[1]
    in_full = risk_section([], total_volatility=None, var_95_1d=1.0, ratio_null_reason=why).tables[0]
    for table in (in_short, in_full):
        said = {absence.column: absence.reason for absence in table.absent}
        assert said["forecast_volatility_21d"] == said["market_beta"]
        assert said["market_beta"].startswith("equity is not positive")


def test_single_regressions_are_shown_where_the_risk_model_has_too_few_returns() -> None:
    names = ("beta", "std_error", "dollar_exposure", "tilt", "coverage", "ratio_null_reason", "unit")
    counts = ("positions_analyzed", "positions_total", "positions_skipped", "data_days")
    unknown = dict.fromkeys((*names, *counts, "quality_flag", "quality_message", "coverage_of_equity"))
    rows = [
        unknown | {"model": "risk", "factor": "Market"},
        unknown | {"model": "market", "factor": "Market", "beta": 0.5, "dollar_exposure": 50.0},
        unknown | {"model": "spread", "factor": "Size"},
    ]
    (table,) = factors(Facts({"report_factors": tuple(rows), "report_risk": ()})).tables
    assert table.name == "single_regressions"
    said = {absence.column: absence.reason for absence in table.absent}
    assert said["beta"] == said["dollar_exposure"] == "no position has enough returns for it"


@pytest.mark.parametrize(("broken", "note"), [(None, None), ("capital_not_positive", BROKEN)])
def test_drawdowns_of_returns_that_end_say_that_a_deeper_one_may_follow(
    broken: str | None, note: str | None
) -> None:
    days = {"peak_date": date(2025, 8, 1), "trough_date": date(2025, 8, 4), "recovery_date": None}
    rows: dict[str, tuple[Any, ...]] = {
        "report_portfolio": ({"twr_null_reason": broken},),
        "report_drawdowns": ({**days, "depth": -0.1, "sessions": 2},),
        "report_history": ({"as_of_date": date(2025, 8, 4), "drawdown": -0.1, "twr_null_reason": None},),
    }
    assert drawdowns(Facts(rows)).tables[0].note == note


def test_a_gain_without_a_term_is_named_as_people_name_it() -> None:
    names = ("lot_count", "short_term", "long_term", "unknown_term", "gain_after_wash_sales", "lot_method")
    ids = {"disposal_id": "5dc9e0ad", "lot_id": "f2f0b1c7", "part": 1, "acquired_on": date(2025, 1, 6)}
    amounts = dict.fromkeys((*names, "quantity", "proceeds", "basis", "gain", "wash_disallowed"), 1)
    row = {**ids, **amounts, "kind": "exit", "symbol": "AAPL", "disposed_on": date(2025, 9, 5)}
    lots = tuple(
        {**row, "symbol": symbol, "term": term, "term_null_reason": None if term else "unknown_purchase_date"}
        for symbol, term in (("AAPL", None), ("MSFT", "long"))
    )
    years = ({**amounts, "calendar_year": 2025},)
    table = realized_gains(Facts({"report_realized_gains": years, "report_realized_lots": lots})).tables[1]
    assert [absence.rows for absence in table.absent] == [("AAPL 2025-09-05",)]
