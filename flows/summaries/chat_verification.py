"""What `sigmasight chat verify` shows."""

from collections.abc import Iterator
from typing import Any

from api.chat.command import QueryCheck, Verification


def verification_lines(found: Verification) -> Iterator[str]:
    """One line a query with what differs, the figures that are not found again, and a summary."""
    for number, query in enumerate(found.queries, start=1):
        yield f"q{number}  {query.outcome:<10}  {_stands_on(query)}"
        yield from (f"    {note}" for note in query.notes)
    lost = [figure for figure in found.figures if not figure.is_same]
    yield from (f"figure {figure.text}: verified then, and not found now" for figure in lost)
    same = sum(query.outcome == "same" for query in found.queries)
    verified = sum(figure.is_verified for figure in found.figures)
    yield (
        f"{same} of {len(found.queries)} queries return what is recorded; "
        f"{verified} of {len(found.figures)} figures are in the recorded results."
    )


def as_json(found: Verification) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "conversation_id": str(found.conversation_id),
        "is_same": found.is_same,
        "queries": [
            {
                "query_id": str(query.result.query_id),
                "statement": query.result.statement,
                "publication_id": query.result.publication_id,
                "published_at": None
                if query.result.published_at is None
                else query.result.published_at.isoformat(),
                "outcome": query.outcome,
                "notes": list(query.notes),
            }
            for query in found.queries
        ],
        "figures": [
            {
                "message_id": str(figure.message_id),
                "text": figure.text,
                "was_verified": figure.was_verified,
                "is_verified": figure.is_verified,
            }
            for figure in found.figures
        ],
    }


def _stands_on(query: QueryCheck) -> str:
    result = query.result
    first = next(iter(result.statement.strip().splitlines()), "")
    return f"publication {result.publication_id}, {result.row_count} rows: {first[:80]}"
