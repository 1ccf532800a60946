"""GET /reports/{portfolio_id}: the files of the command, under the rules of every other path."""

import builtins
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.api_helpers import Person, Shapes, assert_problem
from tests.api.reports.report_files import Reports

HEDGE_FUND = "Demo Hedge Fund Style Investor Portfolio"
TYPES = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "application/zip",
}


@pytest.mark.parametrize("wanted", TYPES)
def test_the_answer_is_the_file_of_the_command(hedge_fund: Person, reports: Reports, wanted: str) -> None:
    response = hedge_fund.get(f"reports/{hedge_fund.portfolio_id}", format=wanted)
    assert (response.status_code, response.headers["content-type"]) == (200, TYPES[wanted])
    folder = reports[HEDGE_FUND].folder
    ending = "zip" if wanted == "csv" else wanted
    name = f'attachment; filename="{folder.name}.{ending}"'
    assert response.headers["content-disposition"] == name
    if wanted != "csv":
        assert response.content == Path(folder, f"portfolio_report.{wanted}").read_bytes()
        return
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    assert files == {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_json_is_the_default(hedge_fund: Person) -> None:
    path = f"reports/{hedge_fund.portfolio_id}"
    assert hedge_fund.get(path).content == hedge_fund.get(path, format="json").content


def test_the_document_has_the_documented_shape(family_office: Person) -> None:
    document = family_office.get("openapi.json").json()
    path = "/api/v1/reports/{portfolio_id}"
    for portfolio_id in family_office.portfolios.values():
        response = family_office.get(f"reports/{portfolio_id}")
        Shapes(document).validate_response(response, path, document)


def test_an_unchanged_report_is_not_sent_again(hedge_fund: Person) -> None:
    path = f"/api/v1/reports/{hedge_fund.portfolio_id}?format=pdf"
    tag = hedge_fund.client.get(path, headers=hedge_fund.headers).headers["etag"]
    again = hedge_fund.client.get(path, headers={**hedge_fund.headers, "If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = hedge_fund.get(f"reports/{hedge_fund.portfolio_id}", format="html").headers["etag"]
    assert other != tag


def test_another_users_portfolio_is_none(hedge_fund: Person, family_office: Person) -> None:
    response = family_office.get(f"reports/{hedge_fund.portfolio_id}", format="html")
    assert_problem(response, 404, "portfolio_not_found")


def test_a_session_before_the_portfolio_is_refused(hedge_fund: Person) -> None:
    response = hedge_fund.get(f"reports/{hedge_fund.portfolio_id}", as_of_date="2024-06-03")
    assert "begins on 2025-06-30" in assert_problem(response, 422, "date_before_history")["detail"]


def test_an_unknown_format_is_refused(hedge_fund: Person) -> None:
    response = hedge_fund.get(f"reports/{hedge_fund.portfolio_id}", format="docx")
    assert_problem(response, 422, "invalid_request")


def test_without_the_extra_pdf_is_not_available(hedge_fund: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_typst(name: str, *rest: Any, **more: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_typst)
    response = hedge_fund.get(f"reports/{hedge_fund.portfolio_id}", format="pdf")
    assert "format=html" in assert_problem(response, 501, "format_unavailable")["detail"]
