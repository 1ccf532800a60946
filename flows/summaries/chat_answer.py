"""An answer of the chat on a terminal: as it is written, then what it stands on."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from uuid import UUID

from api.chat.command import Event, Mode, answer_events
from flows.console import console
from flows.errors import ChatFailedError
from warehouse.settings import Settings


async def show_answer(
    settings: Settings,
    question: str,
    *,
    email: str,
    mode: Mode,
    portfolio_id: UUID | None,
    is_quiet: bool,
) -> dict[str, Any]:
    """Ask, print the answer as it comes and then its queries and figures; return the data of `done`.

    is_quiet: print nothing. Raises ChatFailedError with the chat's sentence, and what answer_events raises.
    """
    async with answer_events(settings, question, email=email, mode=mode, portfolio_id=portfolio_id) as events:
        done = await _print_answer(events, is_quiet=is_quiet)
    if not is_quiet:
        for line in source_lines(done):
            console().print(line, markup=False)
    return done


async def _print_answer(events: AsyncIterator[Event], *, is_quiet: bool) -> dict[str, Any]:
    conversation_id, streamed = "", ""
    async for event in events:
        data = event.data.get("data", event.data)
        if event.name == "message_created":
            conversation_id = data["conversation_id"]
        elif event.name == "token":
            streamed += data["delta"]
            if not is_quiet:
                console().out(data["delta"], end="", highlight=False)
        elif event.name == "error":
            raise ChatFailedError(data["message"])
        elif event.name == "done":
            if not is_quiet:
                _print_end(streamed, data["final_text"])
            return {"conversation_id": conversation_id, **data}
    raise ChatFailedError("The answer ended before it was complete; ask again.")


def _print_end(streamed: str, final_text: str) -> None:
    """End the streamed text; print the final one if checking the figures has changed it."""
    console().out("")
    if final_text.strip() != streamed.strip():
        console().print("\nThe answer after its figures were checked:\n", markup=False, style="bold")
        console().out(final_text, highlight=False)


def source_lines(done: Mapping[str, Any]) -> Iterator[str]:
    """The queries of an answer, and where each of its figures is from."""
    names = {query["query_id"]: f"q{number}" for number, query in enumerate(done["queries"], start=1)}
    if done["queries"]:
        yield "\nQueries"
    for query in done["queries"]:
        count = query["row_count"]
        rows = f"{count} row{'s' if count != 1 else ''}" + (" of more" if query["truncated"] else "")
        yield (
            f"  {names[query['query_id']]}  as of {query['as_of_date']}, publication "
            f"{query['publication_id']}, {rows}"
        )
        yield from (f"      {line}" for line in query["statement"].strip().splitlines())
    if done["figures"]:
        yield "\nFigures"
    for figure in done["figures"]:
        yield f"  {figure['text']:<20} {_source(figure, names)}"
    yield f"\nConversation {done['conversation_id']}: `sigmasight chat verify` runs its queries again."


def _source(figure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if not figure["verified"]:
        return "not verified: no result has it"
    query = names.get(figure["query_id"], figure["query_id"])
    if figure["column"] == "row count":
        return f"{query}, the number of its rows"
    return f"{query}, row {figure['row']}, {figure['column']}"
