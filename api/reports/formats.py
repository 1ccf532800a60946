"""The formats of a report, and a report rendered in one of them."""
# ruff: noqa: PLC0415 - a renderer is imported when it is wanted: PDF alone takes as long as Markdown

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from api.reports.model import Report


class Format(StrEnum):
    """A format, named like its file's ending."""

    MD = "md"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"


MEDIA_TYPES: Final = {
    Format.MD: "text/markdown; charset=utf-8",
    Format.JSON: "application/json",
    Format.CSV: "application/zip",
    Format.HTML: "text/html; charset=utf-8",
    Format.PDF: "application/pdf",
}


ENDINGS: Final = {each: "zip" if each is Format.CSV else each.value for each in Format}


def render(report: Report, wanted: Format) -> bytes:
    """The report in one file. Raises PdfUnavailableError without the extra for PDF."""
    if wanted is Format.CSV:
        from api.reports.render.csv_files import as_zip

        return as_zip(report)
    return next(iter(render_files(report, (wanted,)).values()))


def render_files(report: Report, formats: Iterable[Format]) -> Mapping[str, bytes]:
    """The files of the formats by name. Raises PdfUnavailableError without the extra for PDF."""
    files: dict[str, bytes] = {}
    for each in formats:
        files |= _files(report, each)
    return files


def _files(report: Report, wanted: Format) -> dict[str, bytes]:
    if wanted is Format.CSV:
        from api.reports.render.csv_files import as_csv

        return {name: text.encode() for name, text in as_csv(report).items()}
    return {f"portfolio_report.{wanted}": _content(report, wanted)}


def _content(report: Report, wanted: Format) -> bytes:

    if wanted is Format.MD:
        from api.reports.render.markdown import as_markdown

        return as_markdown(report).encode()
    if wanted is Format.JSON:
        from api.reports.render.json_text import as_json

        return as_json(report).encode()
    if wanted is Format.HTML:
        from api.reports.render.html import as_html

        return as_html(report).encode()
    from api.reports.render.pdf import as_pdf

    return as_pdf(report)
