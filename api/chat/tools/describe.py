"""The tool `describe`: a page for each mart, and a list of them."""

from typing import Annotated, Any

from pydantic import Field

from api.chat.tools.answers import Finding, ToolContext
from api.chat.tools.arguments import Arguments, OneOf
from api.chat.tools.semantic.examples import example_queries
from api.chat.tools.semantic.marts import SCHEMAS, Mart, mart_names, read_marts

DESCRIPTION = (
    "What a mart holds: grain, columns with units, signs and the meaning of nulls, joins and example "
    "queries. null: the list of marts. Call it before writing SQL over a mart."
)


class DescribeArguments(Arguments):
    """Arguments of the tool."""

    mart: Annotated[str, OneOf(mart_names())] | None = Field(description="Name of the mart; null: the list.")


async def run_describe(arguments: DescribeArguments, _context: ToolContext) -> Finding:
    """Answer with the page, whole."""
    return Finding(describe_all() if arguments.mart is None else describe_mart(read_marts()[arguments.mart]))


def describe_all() -> dict[str, Any]:
    """The marts with their grain and first sentence."""
    marts = [[mart.name, list(mart.grain), _first_sentence(mart.about)] for mart in read_marts().values()]
    return {"schemas": _schemas(), "columns": ["mart", "grain", "holds"], "marts": marts}


def describe_mart(mart: Mart) -> dict[str, Any]:
    """The page of a mart."""
    return {
        "mart": mart.name,
        "holds": mart.about,
        "grain": list(mart.grain),
        "columns": ["name", "type", "unit", "meaning (and what null means)"],
        "rows": [[one.name, one.data_type, one.unit, one.meaning] for one in mart.columns.values()],
        "joins": list(mart.joins),
        "example_queries": [
            {"question": example.question, "sql": example.statement}
            for example in example_queries()[mart.name]
        ],
        "schemas": _schemas(),
    }


def _schemas() -> dict[str, str]:
    current, at, history = SCHEMAS
    return {
        current: "what is published now; the default",
        at: "the same as of an earlier instant; used by published_at of `metric`",
        history: "every published version of each row, with publication_id, published_at and superseded_at",
    }


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."
