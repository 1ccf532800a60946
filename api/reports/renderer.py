"""Renders reports for the API, a few at a time, outside its event loop: those of a user one by one."""

from functools import partial
from typing import Final
from uuid import UUID

import anyio

from api.http.errors import FormatUnavailable, RequestLimitReached
from api.http.limits import CONCURRENT_REPORTS
from api.http.rates import NoTurnError, Turns
from api.reports.errors import PdfUnavailableError
from api.reports.files import folder_name, slug_of
from api.reports.formats import ENDINGS, Format, render
from api.reports.model import Report

TURN_SECONDS: Final = 60.0
"""For which a report waits for the others of its user."""


class ReportRenderer:
    """Renders reports in threads."""

    def __init__(self, turn_seconds: float = TURN_SECONDS) -> None:
        self._limiter = anyio.CapacityLimiter(CONCURRENT_REPORTS)
        self._turns = Turns(1, turn_seconds, shared=NoTurnError)

    async def file(self, report: Report, user_id: UUID, wanted: Format) -> tuple[bytes, str]:
        """The content of a report's file, and its name. Raises FormatUnavailable, RequestLimitReached."""
        make = partial(render, report, wanted)
        try:
            async with self._turns.turn(user_id):
                content = await anyio.to_thread.run_sync(make, limiter=self._limiter)
        except PdfUnavailableError as error:
            raise FormatUnavailable from error
        except NoTurnError:
            raise RequestLimitReached(
                "Your other reports take too long; ask for fewer at the same time.", retry_after=10
            ) from None
        slug = slug_of(report.portfolio_name) or str(report.portfolio_id)
        return content, f"{folder_name(slug, report.as_of_date)}.{ENDINGS[wanted]}"
