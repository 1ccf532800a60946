"""Transcripts of a model for the golden questions: which tool it calls, and what it writes of the result."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from api.chat.evaluation.accepted import DataSet, Golden
from api.chat.evaluation.questions import Alternative, Question
from api.chat.evaluation.scoring import Table, meant_rows
from tests.api.chat.responses_server import ModelRequest, Script

REFUSALS: Mapping[str | None, str] = {
    "others": "I can only read your own portfolios, so I cannot answer that.",
    "advice": "I do not give advice on what to buy or sell, and I cannot foresee prices.",
    "action": "I cannot change anything: the warehouse is read-only.",
    "absent": "That is not in the warehouse, so I cannot say.",
}
SHOWN_ROWS = 3


def transcript(question: Question, data_set: DataSet, golden: Golden, *, way: int = 0) -> Script:
    """A model that takes the accepted way of this number, and quotes its result; or refuses."""
    if question.kind == "refusal":
        return Script().says(REFUSALS[question.why])
    call = golden.call(question.accepted[way], data_set)
    return Script().calls(*call).says(quoting(question, question.accepted[way]))


def quoting(
    question: Question, way: Alternative, change: Callable[[str], str] = lambda text: text
) -> Callable[[ModelRequest], str]:
    """A text with the figures of the last result; change: what the model does to each."""

    def text_of(request: ModelRequest) -> str:
        result = json.loads(request.tool_outputs[-1], parse_float=change, parse_int=change)
        return _text(question, way, result)

    return text_of


def _text(question: Question, way: Alternative, result: Mapping[str, Any]) -> str:
    if "error" in result:
        return "That did not work."
    table = Table(tuple(result["columns"]), tuple(tuple(row) for row in result["rows"]))
    rows = [dict(zip(table.columns, row, strict=True)) for row in meant_rows(table, way).rows]
    named = [name for name in question.columns if rows and name in rows[0]]
    if all(row[name] is None for row in rows for name in named):
        return "There is no figure of that: it is not available for this portfolio."
    lines = [
        ", ".join(f"{name} {row[name]}" for name in named if row[name] is not None)
        for row in rows[:SHOWN_ROWS]
    ]
    return "Here is what I found: " + "; ".join(lines) + "."
