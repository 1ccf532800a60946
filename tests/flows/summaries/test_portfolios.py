"""The summary of portfolios: readable numbers, data quality in words."""

import io
from decimal import Decimal

from rich.console import Console

from flows.summaries.portfolios import PortfolioLine, money, print_portfolio_table, short_names
from tests.flows.summaries.figures import portfolio_line as line


def printed(*lines: PortfolioLine) -> str:
    out = io.StringIO()
    print_portfolio_table(Console(file=out, width=100), list(lines))
    return out.getvalue()


def test_money_has_thousands_separators_and_a_sign() -> None:
    assert money(Decimal("-15352.50")) == "-15,352"
    assert money(Decimal("3490911.44")) == "3,490,911"


def test_quality_in_words() -> None:
    assert line().quality() == "all public positions priced"
    assert line(coverage=0.96).quality() == "96.0% of public value priced"
    assert line(coverage=None).quality() == "no public positions"
    flagged = {"private_mark": ["HOME"] * 11, "stale_price": ["A", "B"]}
    assert line(flagged=flagged).quality() == (
        "all public positions priced; 11 private, at the last valuation; 2 at an older close"
    )
    spun_off = {"adjusted_deliverable": ["CALL"]}
    assert line(flagged=spun_off).quality().endswith("; 1 option with what was spun off")


def test_simulated_prices_are_reported_first() -> None:
    assert line(is_simulated=True).quality().startswith("SIMULATED PRICES; ")


def test_table_aligns_money_to_the_right() -> None:
    rows = printed(line(), line(name="Small", equity=Decimal(5))).splitlines()
    first, second = (next(row for row in rows if name in row) for name in (" Growth", " Small"))
    assert first.index("3,490,911") + len("3,490,911") == second.index(" 5 ") + 2
    assert "2025-09-12" in rows[0]


def test_a_long_name_is_cut_so_that_each_portfolio_has_one_line_of_100_columns() -> None:
    names = ("Demo Family Office Private Opportunities", "Demo Hedge Fund Style Investor Portfolio")
    output = printed(*(line(name=name) for name in names))
    table = output.split("Data quality")[0].splitlines()
    assert len(table) == 3 + len(names)
    assert max(map(len, table)) <= 100
    assert "Family Office Private O… 3,490,911" in " ".join(table[-2].split())
    assert "Hedge Fund Style Investor" not in table[-2]


def test_names_lose_what_they_share() -> None:
    assert short_names(["Demo Growth Portfolio", "Demo Income Portfolio"]) == ["Growth", "Income"]
    assert short_names(["My Portfolio"]) == ["My"]
    assert short_names(["Growth", "Growth Income"]) == ["Growth", "Growth Income"]
    assert short_names(["Portfolio", "Other"]) == ["Portfolio", "Other"]
    assert short_names([]) == []


def test_no_publication_is_reported() -> None:
    assert printed().strip() == "No portfolio is published yet."
