"""The tool `metric`: governed figures, each from one statement of ours."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.chat.results import QueryResult
from api.chat.tools.answers import Finding, ToolCallError, ToolContext, describe_result
from api.chat.tools.arguments import Arguments, OneOf, in_utc
from api.chat.tools.metrics import Metric, MetricColumn, read_metrics
from api.chat.tools.scope import (
    ALL,
    Portfolio,
    Scope,
    notices_of,
    portfolio_ids,
    read_scope,
    result_as_of,
)

ATTEMPTS = 3
"""Readings of scope and figures until both stand on one publication."""
_WITHOUT_UNIT = {"text", "id", "date", "code", "flag", "boolean", "UTC timestamp", "list", "rank"}
_CUTS = tuple(sorted({by for metric in read_metrics().values() for by in metric.cuts}))


class MetricArguments(Arguments):
    """Arguments of the tool."""

    name: Annotated[str, OneOf(tuple(read_metrics()))] = Field(description="Which metric.")
    portfolio: str | None = Field(
        description="Name of the portfolio, its unique beginning, or its id; `all`: each of the user's "
        "portfolios; null: the portfolio of the conversation, or the only one."
    )
    as_of: date | None = Field(
        description="Date, YYYY-MM-DD: the last session on or before it; null: the last published session."
    )
    published_at: Annotated[datetime, AfterValidator(in_utc)] | None = Field(
        description="Only to see what was published at an earlier instant (ISO 8601); else null."
    )
    by: Annotated[str, OneOf(_CUTS)] | None = Field(description="The cut; null: the plain figures.")


def describe_tool() -> str:
    """The description of the tool for a model: what each metric answers and its cuts."""
    lines = [f"{metric.name}: {metric.answers}{_cuts(metric)}" for metric in read_metrics().values()]
    return (
        "Governed figures of the user's portfolios. Try this before `sql`. Decimals are fractions: 0.05 is "
        "5 %. The answer has units, notices that must be passed on, and what nulls mean. Metrics, with their "
        "cuts (`by`):\n" + "\n".join(lines)
    )


async def run_metric(arguments: MetricArguments, context: ToolContext) -> Finding:
    """Answer with the metric. Raises ToolCallError, and what ChatReader.run_trusted raises."""
    metric = read_metrics()[arguments.name]
    if arguments.by not in metric.files:
        cuts = ", ".join(metric.cuts) or "none"
        raise ToolCallError(f"{metric.name} has no cut by {arguments.by}; it has: {cuts}. Else pass null.")
    scope, chosen, result, late = await _read(metric, arguments, context)
    columns = {column.name: column for column in metric.columns(arguments.by)}
    with_quality = "quality_flag" in columns
    body = {
        "metric": metric.name,
        "by": arguments.by,
        **describe_result(result),
        "units": {name: one.unit for name, one in columns.items() if one.unit not in _WITHOUT_UNIT},
        "null_meanings": _null_meanings(result, columns),
        "notices": [*late, *notices_of(chosen, with_quality=with_quality), *_emptiness(result, scope)],
    }
    return Finding(body, (result,), metric.name)


async def _read(
    metric: Metric, arguments: MetricArguments, context: ToolContext
) -> tuple[Scope, tuple[Portfolio, ...], QueryResult, list[str]]:
    """Read scope and figures, again if a publication came between them."""
    for _ in range(ATTEMPTS):
        scope = await read_scope(context, arguments.as_of, arguments.published_at)
        chosen = _choose(metric, arguments, scope, context)
        session, late = scope.begun(chosen)
        result = await context.reader.run_trusted(
            context.user,
            metric.query(arguments.by),
            {"portfolio_ids": portfolio_ids(chosen), "as_of_date": session.isoformat()},
            published_at=arguments.published_at,
        )
        if result.publication_id == scope.publication_id:
            return scope, chosen, result_as_of(result, session), late
    raise ToolCallError("New figures are being published just now; ask again.")


def _choose(
    metric: Metric, arguments: MetricArguments, scope: Scope, context: ToolContext
) -> tuple[Portfolio, ...]:
    if metric.scope == "none":
        return ()
    asked = arguments.portfolio or (ALL if metric.scope == ALL else None)
    return scope.choose(asked, context.portfolio_id)


def _cuts(metric: Metric) -> str:
    return f" [{', '.join(metric.cuts)}]" if metric.cuts else ""


def _null_meanings(result: QueryResult, columns: Mapping[str, MetricColumn]) -> dict[str, Any]:
    """What the nulls that are there mean, by column."""
    places = [
        place for place, _ in enumerate(result.columns) if any(row[place] is None for row in result.rows)
    ]
    found = {result.columns[place]: columns[result.columns[place]].null_meaning for place in places}
    return {name: meaning for name, meaning in found.items() if meaning}


def _emptiness(result: QueryResult, scope: Scope) -> list[str]:
    if result.rows:
        return []
    return [f"There is nothing of this kind as of {scope.session}: not zero, but no rows."]
