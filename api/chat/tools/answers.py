"""What a tool needs and returns, and how a model sees results: compact JSON, nothing cut silently."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api.auth.users import User
from api.chat.results import Cell, QueryResult
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from api.chat.documents.search import DocumentSearch
    from api.chat.sql.executor import ChatReader
    from api.chat.store.database import ChatStore
    from api.chat.store.runs import Run


@dataclass(frozen=True)
class ToolContext:
    """For whom and within what a tool is called.

    run, message_id: the answer that is being written; None outside of conversations: nothing is recorded.
    portfolio_id: the portfolio that the conversation is about, if there is one.
    """

    user: User
    reader: "ChatReader"
    settings: Settings
    run: "Run | None" = None
    store: "ChatStore | None" = None
    documents: "DocumentSearch | None" = None
    portfolio_id: UUID | None = None
    message_id: UUID | None = None


@dataclass(frozen=True)
class ToolAnswer:
    """What the model sees, as JSON text, and the results that it stands on."""

    text: str
    results: tuple[QueryResult, ...] = ()
    ok: bool = True


class ToolCallError(SigmaSightError):
    """The call cannot be answered; the message is a sentence for the model that says what to do instead."""


@dataclass(frozen=True)
class Finding:
    """The content of an answer, and the results behind it with what each was asked for."""

    body: Mapping[str, Any]
    results: tuple[QueryResult, ...] = ()
    purpose: str | None = None


def describe_result(result: QueryResult) -> dict[str, Any]:
    """The result as it stands in an answer, with all digits; says plainly if there are more rows."""
    shown = {
        "query_id": str(result.query_id),
        "as_of_date": str(result.as_of_date) if result.as_of_date else None,
        "publication_id": result.publication_id,
        "columns": list(result.columns),
        "rows": [list(row) for row in result.rows],
        "row_count": result.row_count,
        "truncated": result.truncated,
    }
    if result.truncated:
        shown["truncation"] = (
            f"These are the first {result.row_count} rows; there are more. Do not count or sum them: "
            "aggregate in SQL, or ask for fewer."
        )
    return shown


def write_json(value: Any) -> str:
    """JSON in which decimals keep all their digits."""
    return "".join(_parts(value))


def _parts(value: Any) -> Sequence[str]:
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(key)}:{write_json(item)}" for key, item in value.items())
        return ("{", ",".join(inner), "}")
    if isinstance(value, list | tuple):
        return ("[", ",".join(write_json(item) for item in value), "]")
    return (_scalar(value),)


def _scalar(value: Cell) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else json.dumps(str(value))
    return json.dumps(value, ensure_ascii=False)
