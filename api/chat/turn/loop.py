"""The loop of one answer: the model writes or calls tools until it has answered, then figures are checked."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Final

from api.chat.figures.checker import check_figures, mark_unverified
from api.chat.model.client import ModelClient, ModelRequest
from api.chat.model.errors import ModelFailed
from api.chat.model.stream import ModelAnswer, TextDelta, ToolCall, Usage, estimate_tokens
from api.chat.results import Figure, QueryResult
from api.chat.tools.arguments import read_arguments
from api.chat.tools.registry import ToolContext, Tools
from api.chat.turn.bounds import Bounds
from api.chat.turn.events import EventName
from api.chat.turn.failures import EMPTY, ENDLESS, FILTERED, AnswerFailedError, too_long, too_slow
from api.chat.turn.instructions import InputItem, load_prompt, message, repair_note
from api.chat.turn.metrics import ChatMetrics

BREAK: Final = "\n\n"
"""Between the texts of two calls of the model."""

CUT: Final = f"{BREAK}(The answer was cut at its limit of length.)"
NOT_RUN: Final = json.dumps({"error": "Not called: the limit of this answer is reached. Answer without it."})

Emit = Callable[[EventName, dict[str, Any]], None]


@dataclass
class Draft:
    """What an answer has come to so far."""

    texts: list[str] = field(default_factory=list)
    writing: str = ""
    model: str = ""
    first_token_ms: int | None = None
    results: list[QueryResult] = field(default_factory=list)
    logged: Sequence[QueryResult] = ()
    figures: list[Figure] = field(default_factory=list)
    refused: bool = False
    text: str = ""

    @property
    def so_far(self) -> str:
        """All text of the run: the final one once it is known."""
        return self.text or BREAK.join(text for text in (*self.texts, self.writing) if text)

    @property
    def unverified(self) -> int:
        """The figures that no logged result has."""
        return sum(not figure.verified for figure in self.figures)

    def shown_queries(self) -> list[QueryResult]:
        """The results of this answer, and earlier ones that its figures are from."""
        cited = {figure.query_id for figure in self.figures}
        own = {result.query_id for result in self.results}
        earlier = [one for one in self.logged if one.query_id in cited and one.query_id not in own]
        return [*earlier, *self.results]


@dataclass
class Loop:
    """One answer. items: the input of the model so far. texts: of the user, whose numbers are exempt.
    schemas: of the tools, as the model reads them.
    """

    client: ModelClient
    tools: Tools
    schemas: Sequence[dict[str, Any]]
    metrics: ChatMetrics
    context: ToolContext
    instructions: str
    items: list[InputItem]
    texts: Sequence[str]
    bounds: Bounds
    emit: Emit
    text_format: Mapping[str, Any] | None = None
    draft: Draft = field(default_factory=Draft)
    _is_repair: bool = False
    _call_ids: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Write the answer into the draft. Raises AnswerFailedError, ModelFailed and what tools raise."""
        await self._write()
        await self._check()
        if self.draft.unverified and not self.draft.refused and self.bounds.may_call_model:
            await self._repair()
            await self._check()
        if self.draft.unverified:
            # the marks move the figures behind them
            self.draft.text = mark_unverified(self.draft.text, self.draft.figures)
            await self._find_figures()

    async def _write(self) -> None:
        """Call the model, and the tools that it calls, until it has answered."""
        while True:
            if not self.bounds.may_call_model:
                raise AnswerFailedError(self._exceeded())
            is_last = self.bounds.must_answer
            answer = await self._ask(is_last=is_last)
            self.items.extend(answer.output)
            if answer.calls and not is_last:
                await self._call_tools(answer.calls)
                continue
            self.items.extend(_output(call, NOT_RUN) for call in answer.calls)
            if self._accept(answer, is_last=is_last):
                return

    def _accept(self, answer: ModelAnswer, *, is_last: bool) -> bool:
        """Whether the response ends the answer. Raises AnswerFailedError."""
        self.draft.refused = self.draft.refused or answer.refused
        if answer.incomplete == "content_filter":
            raise AnswerFailedError(FILTERED)
        if answer.incomplete is not None:
            if not self.draft.so_far:
                raise AnswerFailedError(too_long(self.bounds.output_tokens))
            self._show(CUT)
            self.draft.texts[-1] += CUT
        if is_last and not answer.text:
            raise AnswerFailedError(ENDLESS if answer.calls else EMPTY)
        if not self.draft.so_far:
            if self.bounds.may_call_model and not answer.calls and self.bounds.used_model_calls == 1:
                return False  # an empty response, which some servers give once
            raise AnswerFailedError(EMPTY)
        self.draft.text = BREAK.join(self.draft.texts)
        return True

    def _exceeded(self) -> Any:
        if monotonic() >= self.bounds.until:
            return too_slow(self.bounds.seconds)
        return too_long(self.bounds.output_tokens)

    # --- the model --------------------------------------------------------------------------------

    async def _ask(self, *, is_last: bool) -> ModelAnswer:
        """Call the model once, and pass its text on."""
        if is_last and self.bounds.used_model_calls:
            self.items.append(message("user", load_prompt("last_call")))
        request = ModelRequest(
            instructions=self.instructions,
            input=tuple(self.items),
            tools=self.schemas,
            max_output_tokens=self.bounds.tokens_left,
            tool_choice="none" if is_last else "auto",
            text_format=self.text_format,
        )
        self.bounds.used_model_calls += 1
        answer: ModelAnswer | None = None
        try:
            async with aclosing(self.client.stream(request, until=self.bounds.until)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, TextDelta):
                        self._write_piece(piece.text)
                    else:
                        answer = piece
        finally:
            self._count(request, answer)
        assert answer is not None  # noqa: S101 - a stream ends with its answer or raises
        if answer.text:
            self.draft.texts.append(answer.text)
        self.draft.writing = ""
        self.draft.model = answer.model or self.draft.model
        return answer

    def _count(self, request: ModelRequest, answer: ModelAnswer | None) -> None:
        """Count the tokens; what the server does not report, or a call that was cut, is estimated."""
        usage = None if answer is None else answer.usage
        if usage is None:
            sent = estimate_tokens(request.instructions) + estimate_tokens(json.dumps(request.input))
            usage = Usage(sent, estimate_tokens(self.draft.writing if answer is None else str(answer.output)))
        self.bounds.usage += usage

    def _write_piece(self, text: str) -> None:
        if not self.draft.writing and self.draft.texts:
            self._show(BREAK)
        self.draft.writing += text
        self._show(text)

    def _show(self, text: str) -> None:
        """Pass text on; a repaired answer is not shown behind the one that it replaces, but in `done`."""
        if self._is_repair:
            return
        if self.draft.first_token_ms is None:
            self.draft.first_token_ms = round(1000 * (monotonic() - self.bounds.started))
        self.emit("token", {"delta": text})

    # --- the tools --------------------------------------------------------------------------------

    async def _call_tools(self, calls: Sequence[ToolCall]) -> None:
        for call in calls:
            if self.bounds.used_tool_calls >= self.bounds.tool_calls:
                self.items.append(_output(call, NOT_RUN))
            else:
                self.bounds.used_tool_calls += 1
                self.items.append(_output(call, await self._call_tool(call)))

    async def _call_tool(self, call: ToolCall) -> str:
        """Call one tool, and return what the model sees."""
        told = {"tool_call_id": self._event_id(call.call_id), "tool_name": call.name}
        self.emit("tool_call", {**told, "tool_args": read_arguments(call.arguments)})
        started = monotonic()
        async with asyncio.timeout(self.bounds.until - started):
            answer = await self.tools.call(call.name, call.arguments, self.context)
        seconds = monotonic() - started
        self.metrics.record_tool(call.name, seconds, ok=answer.ok)
        self.draft.results.extend(answer.results)
        result = {"tool_result": json.loads(answer.text), "duration_ms": round(1000 * seconds)}
        self.emit("tool_result", {**told, **result})
        return answer.text

    def _event_id(self, call_id: str) -> str:
        """The id of a call in the events; some servers number their calls in each response from 0."""
        name, number = call_id, 1
        while name in self._call_ids:
            number += 1
            name = f"{call_id}-{number}"
        self._call_ids.add(name)
        return name

    # --- the figures ------------------------------------------------------------------------------

    async def _check(self) -> None:
        """Look the figures of the text up in all logged results of the conversation."""
        store, run = self.context.store, self.context.run
        assert store is not None  # noqa: S101 - a run is of a store
        assert run is not None  # noqa: S101
        self.draft.logged = await store.messages.queries_of(run.user_id, run.conversation_id)
        await self._find_figures()

    async def _find_figures(self) -> None:
        text, logged = self.draft.text, self.draft.logged
        self.draft.figures = await asyncio.to_thread(check_figures, text, logged, allowed=self.texts)

    async def _repair(self) -> None:
        """Let the model write the answer again; if that fails, the first one stays and is marked."""
        before = replace(self.draft)
        numbers = [figure.text for figure in before.figures if not figure.verified]
        self.items.append(message("user", repair_note(numbers)))
        self.draft.texts, self.draft.text, self._is_repair = [], "", True
        try:
            await self._write()
        except (AnswerFailedError, ModelFailed):
            self.draft.texts, self.draft.text = before.texts, before.text
        except BaseException:
            self.draft.texts, self.draft.text = before.texts, before.text
            raise


def _output(call: ToolCall, text: str) -> InputItem:
    return {"type": "function_call_output", "call_id": call.call_id, "output": text}
