"""Renders reports for the API, a few at a time, outside its event loop."""

from functools import partial

import anyio

from api.http.errors import FormatUnavailable
from api.http.limits import CONCURRENT_REPORTS
from api.reports.errors import PdfUnavailableError
from api.reports.files import folder_name, slug_of
from api.reports.formats import ENDINGS, Format, render
from api.reports.model import Report


class ReportRenderer:
    """Renders reports in threads."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(CONCURRENT_REPORTS)

    async def file(self, report: Report, wanted: Format) -> tuple[bytes, str]:
        """The content of a report's file, and its name. Raises FormatUnavailable."""
        try:
            content = await anyio.to_thread.run_sync(partial(render, report, wanted), limiter=self._limiter)
        except PdfUnavailableError as error:
            raise FormatUnavailable from error
        slug = slug_of(report.portfolio_name) or str(report.portfolio_id)
        return content, f"{folder_name(slug, report.as_of_date)}.{ENDINGS[wanted]}"
