"""The model's client against a loopback server: what it makes of every disorder and failure of a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from time import monotonic
from typing import Any

import httpx2
import pytest

from api.chat.model.client import ModelClient, ModelRequest
from api.chat.model.errors import ModelFailed, retry_after_of
from api.chat.model.size import bound_responses
from api.chat.model.stream import ModelAnswer, TextDelta, Usage
from tests.api.chat import responses_events as disorder
from tests.api.chat.responses_events import Call, Mutation, Reasoning, Text
from tests.api.chat.responses_server import ModelReply, ModelServer, Script, serving_model
from warehouse.settings import Settings

pytestmark = pytest.mark.anyio

TEXT = "Your beta is 1.02, measured over 252 sessions."


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with serving_model() as state:
        yield state


@pytest.fixture
async def make_client(server: ModelServer) -> AsyncIterator[Callable[..., ModelClient]]:
    made: list[ModelClient] = []

    def make(**settings: Any) -> ModelClient:
        known = {"openai_api_key": "key", "openai_base_url": server.url, "chat_model": "first"}
        made.append(ModelClient(Settings(**{**known, **settings})))
        return made[-1]

    yield make
    for client in made:
        await client.close()


Make = Callable[..., ModelClient]


async def ask(client: ModelClient, seconds: float = 60) -> tuple[str, ModelAnswer]:
    """The text as it was streamed, and the answer."""
    request = ModelRequest("Be exact.", [{"role": "user", "content": "My beta?"}], [], 1000)
    shown, answer = "", None
    async with aclosing(client.stream(request, until=monotonic() + seconds)) as pieces:
        async for piece in pieces:
            assert answer is None
            if isinstance(piece, TextDelta):
                shown += piece.text
            else:
                answer = piece
    assert answer is not None
    return shown, answer


async def fail(client: ModelClient, seconds: float = 60) -> ModelFailed:
    with pytest.raises(ModelFailed) as raised:
        await ask(client, seconds)
    assert "VENDOR-SECRET" not in raised.value.message
    assert raised.value.message.endswith(".")
    return raised.value


async def test_the_request_stores_nothing_at_the_vendor(server: ModelServer, make_client: Make) -> None:
    server.script(Script().says(TEXT))
    await ask(make_client())
    body = server.requests[0].body
    assert (body["store"], body["stream"], body["model"]) == (False, True, "first")
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["max_output_tokens"] == 1000
    assert "previous_response_id" not in body
    assert server.requests[0].headers["authorization"] == "Bearer key"


@pytest.mark.parametrize("mutation", [lambda events: events, *disorder.DISORDERS])
async def test_text_arrives_once_in_order(server: ModelServer, make_client: Make, mutation: Mutation) -> None:
    server.script(Script().says(TEXT, mutation=mutation))
    shown, answer = await ask(make_client())
    assert (shown, answer.text, answer.calls) == (TEXT, TEXT, ())
    assert answer.usage == Usage(100, 20)
    assert answer.model == "first"


@pytest.mark.parametrize("mutation", [lambda events: events, *disorder.DISORDERS])
async def test_parallel_calls_arrive_whole(
    server: ModelServer, make_client: Make, mutation: Mutation
) -> None:
    expected = [("sql", '{"statement": "select 1"}'), ("metric", '{"name": "beta"}')]
    server.script(Script().calls_at_once(*expected, mutation=mutation))
    shown, answer = await ask(make_client())
    assert shown == answer.text == ""
    assert [(call.name, call.arguments) for call in answer.calls] == expected
    assert len({call.call_id for call in answer.calls}) == 2
    assert [item["call_id"] for item in answer.output] == [call.call_id for call in answer.calls]


async def test_byte_by_byte_is_the_same(server: ModelServer, make_client: Make) -> None:
    server.script(Script().says("Größe: 7 µ.", drip=True))
    assert (await ask(make_client()))[0] == "Größe: 7 µ."


async def test_a_server_that_does_not_number_its_events(server: ModelServer, make_client: Make) -> None:
    def unnumbered(events: list[disorder.Event]) -> list[disorder.Event]:
        return [{key: value for key, value in event.items() if key != "sequence_number"} for event in events]

    server.script(Script().says(TEXT, mutation=unnumbered))
    assert (await ask(make_client()))[0] == TEXT


async def test_events_of_one_number_lose_nothing(server: ModelServer, make_client: Make) -> None:
    server.script(
        Script().says(TEXT, mutation=lambda events: [{**event, "sequence_number": 0} for event in events])
    )
    assert (await ask(make_client()))[0] == TEXT


async def test_an_empty_output_of_the_final_response(server: ModelServer, make_client: Make) -> None:
    def emptied(events: list[disorder.Event]) -> list[disorder.Event]:
        response = {**events[-1]["response"], "output": [], "usage": None}
        return [*events[:-1], {**events[-1], "response": response}]

    items: list[disorder.Item] = [Reasoning("cipher"), Text("Let me look."), Call("sql", '{"a": 1}')]
    server.script(Script().answers(lambda _: items, mutation=emptied))
    shown, answer = await ask(make_client())
    assert shown == "Let me look."
    assert [(call.name, call.arguments) for call in answer.calls] == [("sql", '{"a": 1}')]
    assert [item["type"] for item in answer.output] == ["reasoning", "message", "function_call"]
    assert answer.output[0]["encrypted_content"] == "cipher"
    assert answer.usage is None


async def test_a_refusal_is_an_answer(server: ModelServer, make_client: Make) -> None:
    server.script(Script().refuses("I cannot help with that."))
    shown, answer = await ask(make_client())
    assert (shown, answer.text, answer.refused) == (answer.text, "I cannot help with that.", True)


async def test_a_cut_response_says_why_and_runs_no_call(server: ModelServer, make_client: Make) -> None:
    server.script(
        Script().calls("sql", '{"statement": "sel', status="incomplete", reason="max_output_tokens")
    )
    _, answer = await ask(make_client())
    assert (answer.incomplete, answer.calls) == ("max_output_tokens", ())


@pytest.mark.parametrize(
    ("status", "code", "error_type", "retryable"),
    [
        (400, "context_length_exceeded", "FATAL_ERROR", False),
        (401, "invalid_api_key", "FATAL_ERROR", False),
        (403, "forbidden", "FATAL_ERROR", False),
        (404, "model_not_found", "FATAL_ERROR", False),
        (429, "insufficient_quota", "FATAL_ERROR", False),
    ],
)
async def test_a_final_status_is_not_tried_again(
    server: ModelServer, make_client: Make, status: int, code: str, error_type: str, *, retryable: bool
) -> None:
    script = server.script(Script().fails(status, code=code))
    error = await fail(make_client())
    assert (error.error_type, error.retryable) == (error_type, retryable)
    script.finish()


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_transient_status_is_tried_again(server: ModelServer, make_client: Make, status: int) -> None:
    script = server.script(Script().fails(status).fails(status, retry_after="0.1").says(TEXT))
    assert (await ask(make_client()))[0] == TEXT
    script.finish()


async def test_attempts_end(server: ModelServer, make_client: Make) -> None:
    script = server.script(Script().fails(429, retry_after="0").fails(429).fails(429, retry_after="0.2"))
    error = await fail(make_client())
    assert (error.error_type, error.retryable, error.retry_after) == ("RATE_LIMITED", True, 0.2)
    script.finish()


async def test_a_wait_beyond_the_time_left_is_not_waited(server: ModelServer, make_client: Make) -> None:
    script = server.script(Script().fails(429, retry_after="30"))
    started = monotonic()
    error = await fail(make_client(), seconds=25)
    assert (error.error_type, error.retry_after) == ("RATE_LIMITED", 30)
    assert monotonic() - started < 20
    script.finish()


async def test_retry_after_is_waited(server: ModelServer, make_client: Make) -> None:
    server.script(Script().fails(429, retry_after="0.6").says(TEXT))
    started = monotonic()
    await ask(make_client())
    assert monotonic() - started >= 0.6


def test_retry_after_is_read_in_its_forms() -> None:
    assert retry_after_of({"retry-after": "7"}) == 7
    assert retry_after_of({"retry-after-ms": "1500", "retry-after": "7"}) == 1.5
    assert retry_after_of({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
    assert retry_after_of({"retry-after": "soon"}) is None
    assert retry_after_of({"retry-after": "-3"}) is None
    assert retry_after_of({"retry-after": "1e9"}) is None
    assert retry_after_of({}) is None


async def test_the_fallback_answers_what_the_first_cannot(server: ModelServer, make_client: Make) -> None:
    script = server.script(Script().fails(503).fails(503).fails(503).says(TEXT))
    _, answer = await ask(make_client(chat_fallback_model="second"))
    assert answer.model == "second"
    assert [request.body["model"] for request in server.requests] == ["first"] * 3 + ["second"]
    script.finish()


async def test_the_fallback_is_asked_rather_than_waiting_long(server: ModelServer, make_client: Make) -> None:
    server.script(Script().fails(429, retry_after="20").says(TEXT))
    _, answer = await ask(make_client(chat_fallback_model="second"), seconds=60)
    assert answer.model == "second"


async def test_an_unknown_model_leads_to_the_fallback(server: ModelServer, make_client: Make) -> None:
    server.script(Script().fails(404, code="model_not_found").says(TEXT))
    assert (await ask(make_client(chat_fallback_model="second")))[1].model == "second"


async def test_the_fallback_may_fail_too(server: ModelServer, make_client: Make) -> None:
    script = server.script(Script().fails(404).fails(500).fails(500).fails(500))
    error = await fail(make_client(chat_fallback_model="second"))
    assert (error.error_type, error.retryable) == ("SERVER_ERROR", True)
    script.finish()


@pytest.mark.parametrize(
    "faults",
    [
        {"cut_after": 2},
        {"cut_after": 2, "cut_inside": True},
        {"mutation": disorder.first(2)},
        {"mutation": disorder.error_event("server_error")},
        {"status": "failed"},
    ],
)
async def test_a_stream_lost_before_any_text_is_asked_again(
    server: ModelServer, make_client: Make, faults: dict[str, Any]
) -> None:
    server.script(Script().says(TEXT, **faults).says(TEXT))
    if faults.get("status") == "failed":
        server.script(Script().answers(lambda _: [], **faults).says(TEXT))
    shown, answer = await ask(make_client())
    assert shown == answer.text == TEXT
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "faults",
    [{"cut_after": 6}, {"cut_after": 6, "cut_inside": True}, {"mutation": disorder.first(6)}],
)
async def test_a_stream_lost_after_text_is_not_asked_again(
    server: ModelServer, make_client: Make, faults: dict[str, Any]
) -> None:
    script = server.script(Script().says(TEXT, **faults))
    error = await fail(make_client())
    assert (error.error_type, error.retryable) == ("NETWORK_ERROR", True)
    script.finish()


@pytest.mark.parametrize(
    ("code", "error_type"),
    [
        ("rate_limit_exceeded", "RATE_LIMITED"),
        ("server_error", "SERVER_ERROR"),
        ("invalid_prompt", "FATAL_ERROR"),
        ("insufficient_quota", "FATAL_ERROR"),
    ],
)
async def test_codes_within_a_stream(
    server: ModelServer, make_client: Make, code: str, error_type: str
) -> None:
    for script in (
        Script().says(TEXT, mutation=disorder.error_event(code)).forever(),
        Script().answers(lambda _: [], status="failed", reason=code).forever(),
    ):
        server.script(script)
        assert (await fail(make_client())).error_type == error_type


async def test_silence_ends_at_the_deadline(server: ModelServer, make_client: Make) -> None:
    server.script(Script().says(TEXT, delays={2: 30}))
    started = monotonic()
    error = await fail(make_client(), seconds=0.5)
    assert (error.error_type, error.retryable) == ("NETWORK_ERROR", True)
    assert monotonic() - started < 20


async def test_half_characters_of_the_model_can_be_sent_back(server: ModelServer, make_client: Make) -> None:
    client = make_client()
    half = "\ud83d"
    server.script(Script().answers(lambda _: [Text(f"a {half}"), Call(f"b{half}", f'"{half}"')]).says("c"))
    *_, answer = await ask(client)
    assert isinstance(answer, ModelAnswer)
    assert (answer.text, answer.calls[0].name, answer.calls[0].arguments) == ("a ?", "b?", '"?"')
    request = ModelRequest("", answer.output, (), 100)
    pieces = [piece async for piece in client.stream(request, until=monotonic() + 10)]
    assert isinstance(pieces[-1], ModelAnswer)


async def test_no_server_is_a_network_error(make_client: Make) -> None:
    error = await fail(make_client(openai_base_url="http://127.0.0.1:9/v1"))
    assert (error.error_type, error.retryable) == ("NETWORK_ERROR", True)
    assert error.message.startswith("The model's server is not reached")


async def test_something_that_is_no_api(server: ModelServer, make_client: Make) -> None:
    server.answer = lambda _: ModelReply(body="<html>Login</html>", headers={"Content-Type": "text/html"})
    error = await fail(make_client())
    assert error.error_type == "NETWORK_ERROR"


TOO_LARGE = "an answer of over 2200000 bytes"


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (ModelReply(body="data: " + "a" * 3_000_000), TOO_LARGE),
        (ModelReply(body="{" + " " * 3_000_000, status=400), TOO_LARGE),
        (ModelReply(body="", headers={"Content-Encoding": "gzip"}), "a compressed answer"),
    ],
    ids=["one event", "an error", "compressed"],
)
async def test_an_answer_has_a_size(
    server: ModelServer, make_client: Make, reply: ModelReply, cause: str
) -> None:
    # Silent failure prevented: a server that sends without end fills the memory of the API
    server.answer = lambda _: reply
    assert (await fail(make_client(chat_output_tokens=100))).cause == cause


@pytest.mark.parametrize("item", [Text("word " * 1_001), Call("sql", "[" * 5_001)], ids=["text", "call"])
async def test_text_without_end_is_no_answer(
    server: ModelServer, make_client: Make, item: Text | Call
) -> None:
    server.script(Script().answers(lambda _: [item]))
    error = await fail(make_client(chat_output_tokens=100))
    assert (error.error_type, error.cause) == ("SERVER_ERROR", "a text of over 5000 characters")


async def test_text_without_end_in_the_final_response_is_no_answer(
    server: ModelServer, make_client: Make
) -> None:
    said = [Text("word " * 1_001)]
    server.script(Script().answers(lambda _: said, mutation=disorder.only_in_completed))
    error = await fail(make_client(chat_output_tokens=100))
    assert error.cause == "a text of over 5000 characters"


@pytest.mark.parametrize("kind", ["response.output_text.delta", "response.output_item.added"])
async def test_an_answer_has_a_number_of_parts(server: ModelServer, make_client: Make, kind: str) -> None:
    # Silent failure prevented: each of 100,000 texts is joined to all before it, for minutes in which the API
    # answers nobody
    part = {"type": kind, "content_index": 0, "delta": "a", "item": {"type": "message"}}
    events = [{**part, "output_index": place} for place in range(1_001)]
    server.answer = lambda _: ModelReply(events=events)
    assert (await fail(make_client())).cause == "an answer of over 1000 parts"


async def test_a_fast_server_leaves_others_their_turn() -> None:
    class Fast(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b":\n" * 10_000

    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    response = httpx2.Response(200, stream=Fast(), request=httpx2.Request("POST", "http://h/responses"))
    await bound_responses(100)(response)
    task = asyncio.create_task(other())
    async for _ in response.aiter_raw():
        pass
    task.cancel()
    assert turns >= 20


@pytest.mark.parametrize("tokens", [-1, 2**31, 1e300, float("nan"), 1.5])
async def test_tokens_that_are_no_number_of_tokens_are_estimated(
    server: ModelServer, make_client: Make, tokens: Any
) -> None:
    # Silent failure prevented: the database refuses the record of the answer, and its conversation stays busy
    server.script(Script().says(TEXT, output_tokens=tokens))
    _, answer = await ask(make_client())
    assert answer.usage is None


async def test_the_name_of_a_model_is_a_short_text(server: ModelServer, make_client: Make) -> None:
    name = f"a\0b\ud83d{'c' * 1_000}"

    def named(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*events[:-1], {**events[-1], "response": {**events[-1]["response"], "model": name}}]

    server.script(Script().says(TEXT, mutation=named))
    _, answer = await ask(make_client())
    assert answer.model == f"ab?{'c' * 196}"


async def test_a_redirect_is_not_followed(server: ModelServer, make_client: Make) -> None:
    # Silent failure prevented: questions and rows of users go to a host that OPENAI_BASE_URL does not name
    with serving_model() as other:
        other.script(Script().says(TEXT))
        there = {"Location": f"{other.url}/responses"}
        server.answer = lambda _: ModelReply(status=307, headers=there, body="")
        error = await fail(make_client())
        assert (error.cause, other.requests) == ("status 307", [])


async def test_responses_before_the_answer_have_a_number(make_client: Make) -> None:
    # Silent failure prevented: a server that sends them without end keeps everybody waiting
    async def hint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(100):
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20)
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()

    async with await asyncio.start_server(hint, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        begun = monotonic()
        error = await fail(make_client(openai_base_url=url))
        assert error.error_type == "SERVER_ERROR"
        assert monotonic() - begun < 1.5


async def test_a_cancelled_call_closes_the_stream(server: ModelServer, make_client: Make) -> None:
    server.script(Script().says(TEXT, delays={6: 30}))
    gone = server.disconnected
    task = asyncio.create_task(ask(make_client(), seconds=60))
    for _ in range(500):
        if server.requests:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(1000):
        if server.disconnected > gone:
            break
        await asyncio.sleep(0.05)
    assert server.disconnected == gone + 1
