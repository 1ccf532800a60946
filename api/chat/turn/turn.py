"""The chat: takes a question, checks its limits, and writes the answer as a stream of events."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final
from uuid import UUID

from api.auth.users import User
from api.chat.documents.search import DocumentSearch
from api.chat.error_log import log_error
from api.chat.model.client import ModelClient
from api.chat.results import Figure, QueryResult
from api.chat.sql.executor import ChatReader
from api.chat.store.asking import PromptContext
from api.chat.store.conversations import Mode
from api.chat.store.database import ChatStore
from api.chat.store.messages import Ending
from api.chat.store.runs import Run, RunEndedError
from api.chat.tools.registry import ToolContext, Tools
from api.chat.turn.bounds import Bounds
from api.chat.turn.events import Envelope, Event
from api.chat.turn.failures import Failure, failure_for, too_slow
from api.chat.turn.instructions import (
    InputItem,
    context_blocks,
    history_items,
    instructions_for,
    message,
)
from api.chat.turn.limits import ChatLimits, begin_of_day
from api.chat.turn.loop import Draft, Loop
from api.chat.turn.metrics import ChatMetrics, Ended
from api.chat.turn.portfolios import PortfolioNames
from api.chat.turn.stream import HEARTBEAT_SECONDS, AnswerStream
from api.http.errors import AnswerFailed, ChatUnavailable, PortfolioNotFound
from warehouse.settings import Settings

logger = logging.getLogger("api.chat")

EXAMPLES: Final = 5
"""Reviewed examples that the model sees."""

SLACK: Final = 2.0
"""Seconds after the bound of an answer that it may take to check what the model has written by then."""

RECORD_ATTEMPTS: Final = 4
RECORD_WAIT: Final = 0.5


@dataclass(frozen=True)
class UiContext:
    """Where the user asks from. portfolio_ids: those that the page shows."""

    portfolio_id: UUID | None = None
    portfolio_ids: tuple[UUID, ...] = ()
    page: Mapping[str, Any] = field(default_factory=dict)

    @property
    def portfolio(self) -> UUID | None:
        """The one portfolio that the question is about, if the page says so."""
        if self.portfolio_id is not None or len(self.portfolio_ids) != 1:
            return self.portfolio_id
        return self.portfolio_ids[0]


@dataclass(frozen=True)
class Answer:
    """A complete answer. unverified: how many of its figures are marked as not verified."""

    run: Run
    text: str
    figures: tuple[Figure, ...]
    queries: tuple[QueryResult, ...]
    unverified: int
    refused: bool
    model: str
    input_tokens: int
    output_tokens: int
    latency_ms: int


@dataclass
class _Turn:
    """One answer from the question to the record."""

    user: User
    run: Run
    text: str
    mode: Mode
    portfolios: Sequence[tuple[UUID, str]]
    portfolio_id: UUID | None
    context: PromptContext
    page: Mapping[str, Any]
    extra: str
    text_format: Mapping[str, Any] | None
    bounds: Bounds
    stream: AnswerStream
    draft: Draft = field(default_factory=Draft)
    failure: Failure | None = None


class Chat:
    """Answers questions. Nothing connects before the first one; `close` cancels what is being written."""

    def __init__(  # noqa: PLR0917 - its parts, in the order in which they are made
        self,
        settings: Settings,
        store: ChatStore,
        reader: ChatReader,
        tools: Tools,
        documents: DocumentSearch,
        client: ModelClient,
        metrics: ChatMetrics,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.settings = settings
        self.store = store
        self.reader = reader
        self.tools = tools
        self.documents = documents
        self.client = client
        self.metrics = metrics
        self.limits = ChatLimits(settings)
        self.heartbeat_seconds = heartbeat_seconds
        self._schemas = tools.schemas()
        self._portfolios = PortfolioNames(reader)
        self._streams: set[AnswerStream] = set()

    def check_available(self) -> None:
        """Raise ChatUnavailable without a key for the model."""
        if not self.client.is_available:
            raise ChatUnavailable

    async def close(self) -> None:
        """Cancel the answers that are being written, wait for their records, and close the client."""
        streams = list(self._streams)
        for stream in streams:
            stream.interrupt()
        for stream in streams:
            await stream.wait()
        await self.client.close()

    async def send(
        self,
        user: User,
        conversation_id: UUID,
        text: str,
        *,
        portfolio_id: UUID | None = None,
        ui_context: UiContext | None = None,
    ) -> AnswerStream:
        """Begin to answer, and return the stream of events: `events = await chat.send(...)`.

        portfolio_id: what the question is about; default: what ui_context or the conversation says. Raises
        ChatUnavailable, ChatLimitReached, ConversationNotFound, ConversationBusy, PortfolioNotFound, and
        what the reader raises, such as NothingPublished.
        """
        turn = await self._begin(
            user, conversation_id, text, portfolio_id=portfolio_id, ui_context=ui_context or UiContext()
        )
        return turn.stream

    async def answer(
        self,
        user: User,
        *,
        question: str,
        conversation_id: UUID,
        instructions: str = "",
        portfolio_id: UUID | None = None,
        text_format: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Answer completely, with the same limits, tools and checks. instructions: added to ours.

        text_format: the form of the answer, `text.format` of the Responses API; default: free text.

        Raises what `send` raises, and AnswerFailed.
        """
        turn = await self._begin(
            user,
            conversation_id,
            question,
            portfolio_id=portfolio_id,
            ui_context=UiContext(),
            extra=instructions,
            text_format=text_format,
        )
        await turn.stream.wait()
        if turn.failure is not None:
            raise AnswerFailed(turn.failure.message)
        draft, usage = turn.draft, turn.bounds.usage
        return Answer(
            run=turn.run,
            text=draft.text,
            figures=tuple(draft.figures),
            queries=tuple(draft.shown_queries()),
            unverified=draft.unverified,
            refused=draft.refused,
            model=draft.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            latency_ms=_milliseconds_since(turn.bounds.started),
        )

    # --- before the stream ------------------------------------------------------------------------

    async def _begin(
        self,
        user: User,
        conversation_id: UUID,
        text: str,
        *,
        portfolio_id: UUID | None,
        ui_context: UiContext,
        extra: str = "",
        text_format: Mapping[str, Any] | None = None,
    ) -> _Turn:
        """Check everything that can be refused, and start to write."""
        started = monotonic()
        self.check_available()
        release = self.limits.begin(user.user_id)
        try:
            self.limits.count_message(user.user_id)
            portfolios = await self._portfolios.of(user)
            async with self.store.messages.asking(
                user.user_id, conversation_id, tokens_since=begin_of_day()
            ) as asking:
                asking.check_has_answers()
                self.limits.check_tokens(asking.tokens)
                chosen = _choose(portfolios, portfolio_id, ui_context, asking.portfolio_id)
                context = await asking.context(
                    chosen, messages=self.settings.chat_history_messages, examples=EXAMPLES
                )
                run = await asking.record(text, asking.mode)
        except BaseException:
            release()
            raise
        turn = _Turn(
            user=user,
            run=run,
            text=text,
            mode=asking.mode,
            portfolios=portfolios,
            portfolio_id=chosen,
            context=context,
            page=ui_context.page,
            extra=extra,
            text_format=text_format,
            bounds=Bounds.of(self.settings, started),
            stream=AnswerStream(_message_created(run), Envelope(run.run_id), self.heartbeat_seconds),
        )

        def ended(stream: AnswerStream) -> None:
            release()
            self._streams.discard(stream)

        self._streams.add(turn.stream)
        turn.stream.start(self._write(turn), ended)
        return turn

    # --- the stream -------------------------------------------------------------------------------

    async def _write(self, turn: _Turn) -> None:
        """Write the answer, and record how it ended. Raises nothing but CancelledError."""
        stream = turn.stream
        try:
            async with asyncio.timeout(turn.bounds.until + SLACK - monotonic()):
                stream.emit("start", _start(turn, self.settings.chat_model))
                await self._loop(turn).run()
            await self._record(turn, "done")
            stream.emit("done", _done(turn))
        except asyncio.CancelledError:
            turn.failure = stream.reason
            await self._record_failure(turn, "cancelled")
            raise
        except TimeoutError:
            turn.failure = too_slow(self.settings.chat_seconds)
            await self._record_failure(turn, "failed")
        except Exception as error:  # noqa: BLE001 - whatever fails, the user gets an event and the record an end
            turn.failure = failure_for(error)
            await self._record_failure(turn, "failed")

    def _loop(self, turn: _Turn) -> Loop:
        """The loop, with what the model reads."""
        known = turn.context
        items: list[InputItem] = [
            *context_blocks(
                portfolios=turn.portfolios,
                portfolio_id=turn.portfolio_id,
                memories=known.memories,
                preferences=known.preferences,
                examples=known.examples,
                page=turn.page,
            ),
            *history_items(known.history),
            message("user", turn.text),
        ]
        return Loop(
            client=self.client,
            tools=self.tools,
            schemas=self._schemas,
            metrics=self.metrics,
            context=self._tool_context(turn),
            instructions=instructions_for(turn.mode, turn.extra),
            items=items,
            texts=[
                turn.text,
                *(one.content for one in known.history if one.role == "user"),
                *(one.content for one in known.memories),
            ],
            bounds=turn.bounds,
            emit=turn.stream.emit,
            text_format=turn.text_format,
            draft=turn.draft,
        )

    def _tool_context(self, turn: _Turn) -> ToolContext:
        return ToolContext(
            user=turn.user,
            reader=self.reader,
            settings=self.settings,
            run=turn.run,
            store=self.store,
            documents=self.documents,
            portfolio_id=turn.portfolio_id,
            message_id=turn.run.assistant_message_id,
        )

    # --- the record -------------------------------------------------------------------------------

    async def _record_failure(self, turn: _Turn, status: Ending) -> None:
        """Record an answer without an end, and tell the user."""
        assert turn.failure is not None  # noqa: S101 - the callers have set it
        try:
            await self._record(turn, status)
        except Exception as error:  # noqa: BLE001 - the user is told of the failure before this one
            log_error(logger, f"the end of the answer {turn.run.run_id} could not be recorded", error)
            self._count(turn, status)
        turn.stream.emit("error", turn.failure.data())

    async def _record(self, turn: _Turn, status: Ending) -> None:
        """Record the end of an answer at once, also while the database is being restarted."""
        try:
            await self._end_run(turn, status)
        except RunEndedError:
            logger.info("the conversation of an answer was deleted while it was written")
        self._count(turn, status)

    def _count(self, turn: _Turn, status: Ending) -> None:
        """Count an answer that has ended, and log it."""
        draft, failure = turn.draft, turn.failure
        ended = Ended(
            outcome=status,
            model=draft.model or self.settings.chat_model,
            usage=turn.bounds.usage,
            latency_ms=_milliseconds_since(turn.bounds.started),
            first_token_ms=draft.first_token_ms,
            tool_calls=turn.bounds.used_tool_calls,
            figures=len(draft.figures) if status == "done" else 0,
            unverified=draft.unverified if status == "done" else 0,
            refused=draft.refused,
            error_type=None if failure is None else failure.error_type,
        )
        self.metrics.record_answer(ended)
        _log(turn.run, ended)

    async def _end_run(self, turn: _Turn, status: Ending) -> None:
        draft, usage, failure = turn.draft, turn.bounds.usage, turn.failure
        for attempt in range(RECORD_ATTEMPTS):
            try:
                await self.store.messages.end_run(
                    turn.run,
                    status,
                    draft.so_far,
                    draft.figures if status == "done" else [],
                    model=draft.model or self.settings.chat_model,
                    input_tokens=usage.input_tokens,
                    output_tokens=usage.output_tokens,
                    latency_ms=_milliseconds_since(turn.bounds.started),
                    first_token_ms=draft.first_token_ms,
                    error_type=failure.error_type if failure is not None and status == "failed" else None,
                )
            except ChatUnavailable:
                if attempt + 1 == RECORD_ATTEMPTS:
                    raise
                await asyncio.sleep(RECORD_WAIT * 2**attempt)
            else:
                return


def _choose(
    portfolios: Sequence[tuple[UUID, str]],
    portfolio_id: UUID | None,
    ui_context: UiContext,
    of_conversation: UUID | None,
) -> UUID | None:
    """The portfolio that a question is about; None if it may be several. Raises PortfolioNotFound."""
    known = [identifier for identifier, _ in portfolios]
    named = portfolio_id or ui_context.portfolio
    if not {named, *ui_context.portfolio_ids} <= {None, *known}:
        raise PortfolioNotFound
    if named is None and of_conversation in known:
        return of_conversation
    return known[0] if named is None and len(known) == 1 else named


def _milliseconds_since(started: float) -> int:
    return round(1000 * (monotonic() - started))


def _message_created(run: Run) -> Event:
    ids = {
        "user_message_id": str(run.user_message_id),
        "assistant_message_id": str(run.assistant_message_id),
        "conversation_id": str(run.conversation_id),
        "run_id": str(run.run_id),
    }
    return Event("message_created", ids)


def _start(turn: _Turn, model: str) -> dict[str, Any]:
    data = {"conversation_id": str(turn.run.conversation_id), "mode": turn.mode, "model": model}
    return data if turn.portfolio_id is None else {**data, "portfolio_id": str(turn.portfolio_id)}


def _done(turn: _Turn) -> dict[str, Any]:
    draft, usage = turn.draft, turn.bounds.usage
    return {
        "final_text": draft.text,
        "tool_calls_count": turn.bounds.used_tool_calls,
        "token_counts": {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "total": usage.input_tokens + usage.output_tokens,
        },
        "latency_ms": _milliseconds_since(turn.bounds.started),
        "first_token_ms": draft.first_token_ms,
        "model_used": draft.model,
        "unverified": draft.unverified,
        "figures": [figure_data(figure) for figure in draft.figures],
        "queries": [query_data(result) for result in draft.shown_queries()],
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    """A figure as `done` shows it."""
    return {
        "text": figure.text,
        "query_id": None if figure.query_id is None else str(figure.query_id),
        "row": figure.row,
        "column": figure.column,
        "verified": figure.verified,
    }


def query_data(result: QueryResult) -> dict[str, Any]:
    """A query as `done` shows it: what ran, and on what it stood."""
    return {
        "query_id": str(result.query_id),
        "statement": result.statement,
        "publication_id": result.publication_id,
        "as_of_date": None if result.as_of_date is None else result.as_of_date.isoformat(),
        "row_count": result.row_count,
        "truncated": result.truncated,
    }


def _log(run: Run, ended: Ended) -> None:
    """One line per answer, without content and without the user."""
    fields = {
        "run_id": str(run.run_id),
        "outcome": ended.outcome,
        "model": ended.model,
        "input_tokens": ended.usage.input_tokens,
        "output_tokens": ended.usage.output_tokens,
        "milliseconds": ended.latency_ms,
        "first_token_milliseconds": ended.first_token_ms,
        "tool_calls": ended.tool_calls,
        "figures": ended.figures,
        "unverified": ended.unverified,
        "error_type": ended.error_type,
    }
    logger.info("chat answer %s", json.dumps(fields), extra={"fields": fields})
