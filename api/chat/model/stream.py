"""A streamed response, read robustly: pieces of text as they come, then the whole answer.

Servers differ. Deltas carry `output_index` and `item_id`, not `call_id`, and may come before their item is
announced, in the wrong order, or twice; arguments and texts may come only in `.done`, or only in the final
response, whose `output` may in turn be empty. What the final response says counts; a stream that ends
without one is no answer.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from api.chat.model.errors import failure_of_code, stream_lost, too_large

FINAL: Final = frozenset({"response.completed", "response.incomplete"})
ENDS: Final = FINAL | {"response.failed", "error"}
REORDER_WINDOW: Final = 256
"""Events held back until a missing one arrives."""

CHARACTERS_PER_TOKEN: Final = 4
"""By which tokens are estimated where the server does not report them."""

BREAK: Final = "\n\n"
"""Between the parts of a text."""

MOST_PARTS: Final = 1000
"""Of a response: texts, refusals, calls and other items; a real one has a dozen."""

MOST_TOKENS: Final = 10_000_000
"""Of one call, as a server may report them: no model reads as many."""

LONGEST_NAME: Final = 200
"""Characters of the name of a model."""

Item = dict[str, Any]


@dataclass(frozen=True)
class TextDelta:
    """A piece of the text that the model writes."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model calls; arguments as it wrote them."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Usage:
    """Tokens of one call of the model."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True)
class ModelAnswer:
    """A complete response. output: its items, as the next request of the same turn repeats them.

    usage: None when the server did not report it. incomplete: why the response was cut, else None.
    """

    text: str
    calls: tuple[ToolCall, ...]
    output: tuple[Item, ...]
    model: str
    usage: Usage | None
    refused: bool = False
    incomplete: str | None = None


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


async def read_stream(events: AsyncIterator[Any], most: int) -> AsyncGenerator[TextDelta | ModelAnswer, None]:
    """Read the events of one response: pieces of text, and last its ModelAnswer.

    most: characters of all its texts, or of the arguments of a call. Raises ModelFailed.
    """
    order = _Order()
    response = _Response(most)
    async for event in events:
        for ready in order.take(event):
            for delta in response.take(ready):
                yield delta
        if response.final is not None:
            break
    if response.final is None:
        raise stream_lost("ended early")
    for delta in response.finish():
        yield delta
    yield response.answer()


class _Order:
    """Puts events into the order of their sequence numbers, and drops repeated ones."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, Any] = {}
        self._is_off = False

    def take(self, event: Any) -> Iterator[Any]:
        """The events that are next, given one more."""
        number = getattr(event, "sequence_number", None)
        kind = getattr(event, "type", None)
        if not isinstance(number, int) or (number == 0 and kind != "response.created"):
            self._is_off = True  # a server that does not number its events
        if self._is_off or kind in ENDS:
            yield from self._rest()
            yield event
        else:
            yield from self._ordered(number or 0, event)

    def _ordered(self, number: int, event: Any) -> Iterator[Any]:
        following = number if self._next is None else self._next
        if number >= following:
            self._held.setdefault(number, event)
        if len(self._held) > REORDER_WINDOW:
            following = min(self._held)
        while following in self._held:
            yield self._held.pop(following)
            following += 1
        self._next = following

    def _rest(self) -> Iterator[Any]:
        for number in sorted(self._held):
            yield self._held.pop(number)


class _Pieces:
    """A text that grows by pieces; put together when it is asked for."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.length = 0

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        self.length += len(piece)

    @property
    def text(self) -> str:
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]


class _Part(_Pieces):
    """A text or a refusal, as far as it was written."""

    refused = False


class _Call(_Pieces):
    """The arguments of a call of a tool, as far as they have arrived, or complete."""

    complete: str | None = None


@dataclass
class _Response:
    """What has arrived of one response. most: characters of its texts, or of the arguments of a call.

    is_shown: whether all text that has arrived was passed on; else its beginning changed after that.
    """

    most: int
    parts: dict[tuple[int, int], _Part] = field(default_factory=dict)
    calls: dict[int, _Call] = field(default_factory=dict)
    items: dict[int, Any] = field(default_factory=dict)
    shown: _Pieces = field(default_factory=_Pieces)
    is_shown: bool = True
    final: Any = None
    _length: int = 0
    _last: tuple[int, int] = (-1, -1)

    def take(self, event: Any) -> Iterator[TextDelta]:
        """Take one event in; return the text that it adds. Raises ModelFailed for a failed response."""
        kind = getattr(event, "type", None) or ""
        if kind in {"response.output_text.delta", "response.refusal.delta"}:
            place, part = self._part(event, refused=kind == "response.refusal.delta")
            yield from self._add(place, part, _encodable(event.delta or ""))
        elif kind in {"response.output_text.done", "response.refusal.done"}:
            place, part = self._part(event, refused=kind == "response.refusal.done")
            text = event.refusal if part.refused else event.text
            yield from self._complete(place, part, _encodable(text or ""))
        else:
            self._take_item(kind, event)
        self._check_parts()

    def _take_item(self, kind: str, event: Any) -> None:
        if kind == "response.function_call_arguments.delta":
            call = self._call(event)
            call.add(event.delta or "")
            self._check_length(call.length)
        elif kind == "response.function_call_arguments.done":
            self._call(event).complete = event.arguments
        elif kind in {"response.output_item.added", "response.output_item.done"}:
            self.items[event.output_index] = event.item
        elif kind in FINAL:
            self.final = event.response
        elif kind == "response.failed":
            raise failure_of_code(getattr(event.response.error, "code", None))
        elif kind == "error":
            raise failure_of_code(event.code)

    def _part(self, event: Any, *, refused: bool) -> tuple[tuple[int, int], _Part]:
        place = (event.output_index, event.content_index)
        part = self.parts.setdefault(place, _Part())
        part.refused = refused
        return place, part

    def _call(self, event: Any) -> _Call:
        return self.calls.setdefault(event.output_index, _Call())

    def _check_length(self, length: int) -> None:
        """Raise ModelFailed for a text that is too long."""
        if length > self.most:
            raise too_large(f"a text of over {self.most} characters")

    def _check_parts(self) -> None:
        """Raise ModelFailed for a response of too many parts."""
        if len(self.parts) + len(self.calls) + len(self.items) > MOST_PARTS:
            raise too_large(f"an answer of over {MOST_PARTS} parts")

    def _add(self, place: tuple[int, int], part: _Part, piece: str) -> Iterator[TextDelta]:
        """Add a piece to a part, and pass it on if it stands at the end of the text."""
        if not piece:
            return
        begins = BREAK if self.shown.length and not part.length else ""
        part.add(piece)
        self._length += len(piece)
        self._check_length(self._length)
        self.is_shown = self.is_shown and place >= self._last
        self._last = max(self._last, place)
        if self.is_shown:
            self.shown.add(begins + piece)
            yield TextDelta(begins + piece)

    def _complete(self, place: tuple[int, int], part: _Part, text: str) -> Iterator[TextDelta]:
        """Take the whole text of a part, whose pieces may be missing or other ones."""
        if text and len(text) >= part.length and text.startswith(part.text):
            yield from self._add(place, part, text[part.length :])
        elif text:
            self._replace(place, text, refused=part.refused)

    def _replace(self, place: tuple[int, int], text: str, *, refused: bool) -> None:
        """Put another text in the place of a part."""
        before = self.parts.get(place)
        self._length += len(text) - (before.length if before else 0)
        self._check_length(self._length)
        self.is_shown = False
        self.parts[place] = _Part()
        self.parts[place].refused = refused
        self.parts[place].add(text)

    def _text(self) -> str:
        return BREAK.join(self.parts[place].text for place in sorted(self.parts) if self.parts[place].length)

    def finish(self) -> Iterator[TextDelta]:
        """The text that only the final response has."""
        for index, item in enumerate(self.final.output or ()):
            self.items[index] = item
        self._check_parts()
        for index, item in self.items.items():
            if item.type == "message":
                self._take_message(index, item)
        text, shown = self._text(), self.shown.text
        if len(text) > len(shown) and text.startswith(shown):
            yield TextDelta(text[len(shown) :])

    def _take_message(self, index: int, item: Any) -> None:
        for place, content in enumerate(item.content or ()):
            refused = content.type == "refusal"
            text = content.refusal if refused else getattr(content, "text", "")
            if text:
                self._replace((index, place), _encodable(text), refused=refused)
                self._check_parts()

    def answer(self) -> ModelAnswer:
        """The whole answer, after finish."""
        incomplete = None
        if self.final.status == "incomplete" or self.final.incomplete_details is not None:
            incomplete = getattr(self.final.incomplete_details, "reason", None) or "unknown"
        calls = {index: self._tool_call(index) for index in self._call_places()}
        return ModelAnswer(
            text=self._text(),
            # the arguments of a call in a response that was cut may be cut too
            calls=() if incomplete else tuple(calls.values()),
            output=tuple(self._output({} if incomplete else calls)),
            model=_encodable(str(self.final.model or "")[:LONGEST_NAME]).replace("\0", ""),
            usage=_usage(self.final.usage),
            refused=any(part.refused for part in self.parts.values()),
            incomplete=incomplete,
        )

    def _call_places(self) -> list[int]:
        named = {index for index, item in self.items.items() if item.type == "function_call"}
        return sorted(named | set(self.calls))

    def _tool_call(self, index: int) -> ToolCall:
        item, call = self.items.get(index), self.calls.get(index, _Call())
        arguments = getattr(item, "arguments", "") or call.complete or call.text
        self._check_length(len(arguments))
        call_id = getattr(item, "call_id", None) or getattr(item, "id", None) or f"call_{uuid4().hex}"
        name = getattr(item, "name", None) or "unknown"
        return ToolCall(_encodable(call_id), _encodable(name), _encodable(arguments))

    def _output(self, calls: dict[int, ToolCall]) -> Iterator[Item]:
        """The items to repeat; of a response that was cut, without its calls."""
        for index in sorted({*self.items, *calls, *(place for place, _ in self.parts)}):
            if index in calls:
                yield {"type": "function_call", **self._id(index), **vars(calls[index])}
            elif index not in self.items or self.items[index].type == "message":
                yield from self._message(index)
            elif self.items[index].type == "reasoning" and self.items[index].encrypted_content:
                yield _reasoning(self.items[index])

    def _id(self, index: int) -> Item:
        identifier = getattr(self.items.get(index), "id", None)
        return {} if identifier is None else {"id": identifier}

    def _message(self, index: int) -> Iterator[Item]:
        places = sorted(place for place in self.parts if place[0] == index)
        text = BREAK.join(self.parts[place].text for place in places)
        if not text:
            return
        message = {"type": "message", "role": "assistant"}
        if identifier := self._id(index):
            content = [{"type": "output_text", "text": text, "annotations": []}]
            yield {**message, **identifier, "status": "completed", "content": content}
        else:
            yield {**message, "content": text}


def _usage(reported: Any) -> Usage | None:
    """What a server reports, None where it is no number of tokens: that is estimated."""
    counts = [getattr(reported, name, None) or 0 for name in ("input_tokens", "output_tokens")]
    if reported is None or not all(isinstance(one, int) and 0 <= one <= MOST_TOKENS for one in counts):
        return None
    return Usage(*counts)


def _encodable(text: str) -> str:
    """Replace halves of characters, which JSON can carry and no request: the next one repeats the text."""
    return text.encode("utf-8", "replace").decode()


def _reasoning(item: Any) -> Item:
    """Repeat what the model thought, which only the vendor can read: nothing is stored there."""
    summary = [{"type": "summary_text", "text": part.text} for part in item.summary or ()]
    encrypted = item.encrypted_content
    return {"type": "reasoning", "id": item.id, "summary": summary, "encrypted_content": encrypted}
