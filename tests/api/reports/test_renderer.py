"""Reports that are asked for at the same time."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from api.http.errors import RequestLimitReached
from api.reports import renderer
from api.reports.formats import Format
from api.reports.model import Report
from api.reports.renderer import ReportRenderer

SECONDS = 0.1


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report that takes a moment to render."""

    def render(*_: Any) -> bytes:
        time.sleep(SECONDS)
        return b""

    monkeypatch.setattr(renderer, "render", render)
    return cast(
        Report, SimpleNamespace(portfolio_name="Growth", portfolio_id=uuid4(), as_of_date="2025-09-12")
    )


def test_many_reports_of_a_user_keep_nobody_else_waiting(report: Report) -> None:
    async def ask() -> list[str]:
        reports, ended = ReportRenderer(), list[str]()

        async def one(name: str, user_id: UUID) -> None:
            await reports.file(report, user_id, Format.PDF)
            ended.append(name)

        many = uuid4()
        waiting = [asyncio.create_task(one("many", many)) for _ in range(8)]
        await asyncio.sleep(0)
        await one("other", uuid4())
        await asyncio.gather(*waiting)
        return ended

    assert "other" in asyncio.run(ask())[:3]


def test_a_report_does_not_wait_for_ever(report: Report) -> None:
    async def ask() -> list[Any]:
        reports, user_id = ReportRenderer(turn_seconds=SECONDS / 2), uuid4()
        asked = (reports.file(report, user_id, Format.PDF) for _ in range(2))
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second = asyncio.run(ask())
    assert first[1] == "growth_2025-09-12.pdf"
    assert isinstance(second, RequestLimitReached)
