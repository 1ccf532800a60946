"""A report as JSON: decimals as strings, what is absent with its reason; readable without anything else."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from api.reports.figures import POLICY, exact
from api.reports.model import SCHEMA_VERSION, Kind, Report, Section, Series, Table

HOW_TO_READ: Final = (
    "Every section of the report is listed: `available` says whether it has figures, `reason` why not. "
    "Numbers are strings in the unit of their column. Null is an absent figure, never zero; `absent` of "
    "the same table gives the reason. `coverage` is the share (0 to 1) of the portfolio that the "
    "figures measure; null where it does not apply. `query` and `marts` say where a table comes from."
)


def as_json(report: Report) -> str:
    """The document, with a newline at its end."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "metadata": _metadata(report),
        "available": {section.name: section.available for section in report.sections},
        "sections": [_section(section) for section in report.sections],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _metadata(report: Report) -> dict[str, Any]:
    return {
        "portfolio_id": str(report.portfolio_id),
        "portfolio_name": report.portfolio_name,
        "account_type": report.account_type,
        "currency": report.currency,
        "inception_date": report.inception_date.isoformat(),
        "as_of_date": report.as_of_date.isoformat(),
        "publication_id": report.publication_id,
        "published_at": instant(report.published_at),
        "prices": "simulated" if report.price_notice else "loaded",
        "price_notice": report.price_notice,
        "withheld_notice": report.withheld_notice,
        "precision": POLICY,
        "how_to_read": HOW_TO_READ,
    }


def instant(moment: datetime) -> str:
    """An instant in UTC, to the microsecond: what --published-at takes."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _section(section: Section) -> dict[str, Any]:
    quality = section.quality
    return {
        "name": section.name,
        "title": section.title,
        "available": section.available,
        "reason": section.reason,
        "data_quality": None
        if quality is None
        else vars(quality) | {"coverage_of_equity": _share(quality.coverage_of_equity)},
        "text": list(section.paragraphs),
        "tables": [_table(table) for table in section.tables if not isinstance(table, Series)],
        "series": [_table(table) for table in section.series],
    }


def _share(value: float | None) -> str | None:
    return exact(value, Kind.RATE)


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "query": table.query,
        "marts": list(table.marts),
        "coverage": _share(table.coverage),
        "note": table.note,
        "columns": [
            {"name": column.name, "label": column.label, "kind": column.kind, "unit": column.unit}
            for column in table.columns
        ],
        "rows": [
            {column.name: exact(value, column.kind) for column, value in zip(table.columns, row, strict=True)}
            for row in table.rows
        ],
        "absent": [
            {"column": absence.column, "reason": absence.reason, "rows": list(absence.rows)}
            for absence in table.absent
        ],
    }
