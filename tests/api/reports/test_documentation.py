"""docs/reports.md shows what a report says, and names the settings, formats and sections that exist."""

import re

from api.reports.formats import Format
from tests.api.reports.report_files import Reports, read
from warehouse.settings import project_root

PAGE = (project_root() / "docs/reports.md").read_text("utf-8")
HEDGE_FUND = "Demo Hedge Fund Style Investor Portfolio"


def test_the_excerpts_are_of_the_report(reports: Reports) -> None:
    text = read(reports[HEDGE_FUND], "portfolio_report.md")
    excerpts = re.findall(r"```markdown\n(.*?)```", PAGE, re.DOTALL)
    assert len(excerpts) == 2
    for excerpt in excerpts:
        assert excerpt in text


def test_the_page_says_how_many_files_are_written_and_where(reports: Reports) -> None:
    written = reports[HEDGE_FUND]
    assert f"Wrote {len(written.files)} files in reports/{written.folder.name}:" in PAGE


def test_every_file_and_section_is_named(reports: Reports) -> None:
    assert f"`{','.join(Format)}`" in PAGE
    for name in reports[HEDGE_FUND].files:
        ending = name.removeprefix("portfolio_report")
        assert name in PAGE or ("_SECTION.csv" in PAGE and ending.endswith(".csv"))
    titles = re.findall(r"^## (.*)$", read(reports[HEDGE_FUND], "portfolio_report.md"), re.MULTILINE)
    listed = PAGE.partition("## Sections")[2].replace("\n", " ").casefold()
    short = {"Exposures": "exposures at market", "Correlation and diversification": "correlation"}
    assert [title for title in titles if short.get(title, title).casefold() not in listed] == []
