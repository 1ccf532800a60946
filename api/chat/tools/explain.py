"""The tool `explain`: from a cell of a logged result to the mart, its SQL, its inputs and the publication."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import Field

from api.chat.results import QueryResult
from api.chat.tools.answers import Finding, ToolCallError, ToolContext
from api.chat.tools.arguments import Arguments
from api.chat.tools.semantic.marts import read_marts
from api.chat.tools.tracing import Origin, Output, UntraceableError, trace
from api.http.errors import LineageUnavailable
from api.marts.lineage import Lineage

DESCRIPTION = (
    "Where a figure of an earlier result of this conversation is from: its mart and column, the SQL that "
    "computes it, the inputs of that, the session and the publication."
)
MOST_SQL = 12_000
"""Characters of a mart's SQL in an answer; longer ones are named, not cut."""


class ExplainArguments(Arguments):
    """Arguments of the tool."""

    query_id: UUID = Field(description="query_id of the result.")
    row: int = Field(ge=0, description="Row, counted from 0.")
    column: str = Field(description="Name of the column.")


async def run_explain(arguments: ExplainArguments, context: ToolContext) -> Finding:
    """Answer with the way of the cell. Raises ToolCallError if there is no such cell."""
    result = await _result(arguments.query_id, context)
    place = _place(result, arguments)
    output, problem = _traced(result, place)
    lineage = lineage_at(context.settings.manifest_path)
    return Finding(
        {
            "query_id": str(result.query_id),
            "row": arguments.row,
            "column": arguments.column,
            "value": result.rows[arguments.row][place],
            "statement": result.statement,
            "parameters": {name: str(value) for name, value in result.parameters.items()},
            "as_of_date": str(result.as_of_date) if result.as_of_date else None,
            "publication_id": result.publication_id,
            "published_at": str(result.published_at) if result.published_at else None,
            **_origins(output, problem),
            "marts": [await _mart(mart, lineage) for mart in _marts_of(output)],
        }
    )


@lru_cache(maxsize=8)
def lineage_at(path: Path) -> Lineage:
    """The lineage in a manifest, which is parsed once for each build."""
    return Lineage(path)


async def _result(query_id: UUID, context: ToolContext) -> QueryResult:
    if context.store is None or context.run is None:
        raise ToolCallError("Results are kept in conversations only.")
    result = await context.store.messages.query_of(
        context.user.user_id, context.run.conversation_id, query_id
    )
    if result is None:
        raise ToolCallError("This conversation has no result with that query_id.")
    return result


def _place(result: QueryResult, arguments: ExplainArguments) -> int:
    if arguments.column not in result.columns:
        raise ToolCallError(f"The result has no column of that name; it has: {', '.join(result.columns)}.")
    if arguments.row >= result.row_count:
        raise ToolCallError(f"The result has {result.row_count} rows, counted from 0.")
    return result.columns.index(arguments.column)


def _traced(result: QueryResult, place: int) -> tuple[Output | None, str | None]:
    """What the column comes from, or why that cannot be told."""
    marts = {mart.name: mart.columns for mart in read_marts().values()}
    try:
        outputs = trace(result.statement, marts)
    except UntraceableError as error:
        return None, str(error)
    if len(outputs) != len(result.columns):
        return None, "The columns of the statement could not be matched with those of its result."
    return outputs[place], None


def _origins(output: Output | None, problem: str | None) -> dict[str, Any]:
    if output is None:
        return {"traced": False, "reason": f"The column could not be traced to a mart. {problem}"}
    if not output.origins:
        return {"traced": False, "reason": "The value is computed in the statement from no column of a mart."}
    return {
        "traced": True,
        "unchanged": output.is_unchanged,
        "from": [_origin(origin) for origin in output.origins],
    }


def _origin(origin: Origin) -> dict[str, str]:
    column = read_marts()[origin.mart].columns[origin.column]
    return {"mart": origin.mart, "column": origin.column, "unit": column.unit, "meaning": column.meaning}


def _marts_of(output: Output | None) -> list[str]:
    return [] if output is None else list(dict.fromkeys(origin.mart for origin in output.origins))


async def _mart(name: str, lineage: Lineage) -> dict[str, Any]:
    """The mart with its SQL and inputs, as far as the last build's record can be read."""
    try:
        described = await lineage.describe_mart(name)
    except LineageUnavailable:
        return {"mart": name, "sql": None, "notice": "The record of the last build cannot be read here."}
    return {"mart": name, "grain": described["grain"], **_sql(described), "inputs": _inputs(described)}


def _sql(described: Mapping[str, Any]) -> dict[str, Any]:
    sql = described["compiled_sql"] or described["raw_sql"]
    if len(sql) > MOST_SQL:
        return {"sql": None, "notice": f"Its SQL has {len(sql)} characters: see GET /lineage of the mart."}
    return {"sql": sql}


def _inputs(described: Mapping[str, Any]) -> list[dict[str, Any]]:
    direct = set(described["depends_on"])
    return [
        {
            "name": node["name"],
            "layer": node["layer"],
            "holds": node["description"],
            "is_direct": node["id"] in direct,
        }
        for node in described["upstream"]
    ]
