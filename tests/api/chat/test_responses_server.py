"""The loopback server, talked to by the real client: what it streams is what the client parses."""

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import APIConnectionError, AsyncOpenAI, RateLimitError
from openai.types.responses import ResponseStreamEvent

from tests.api.chat import responses_events as disorder
from tests.api.chat.responses_server import ModelServer, Script, embed, serving_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with serving_model() as state:
        yield state


@pytest.fixture
async def client(server: ModelServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="k", base_url=server.url, max_retries=0, timeout=5) as made:
        yield made


async def ask(client: AsyncOpenAI) -> list[ResponseStreamEvent]:
    stream = await client.responses.create(model="m", input="How large?", stream=True, store=False)
    return [event async for event in stream]


async def test_text_is_streamed_as_the_vendor_does(server: ModelServer, client: AsyncOpenAI) -> None:
    script = server.script(Script().says("It is 7."))
    events = await ask(client)
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == "It is 7."
    assert events[-1].response.usage is not None
    assert events[-1].response.usage.total_tokens == 120
    assert [event.sequence_number for event in events] == list(range(len(events)))
    script.finish()


async def test_calls_are_streamed_as_the_vendor_does(server: ModelServer, client: AsyncOpenAI) -> None:
    server.script(Script().calls_at_once(("sql", {"statement": "select 1"}), ("metric", {})))
    events = await ask(client)
    final = events[-1]
    assert final.type == "response.completed"
    calls = [item for item in final.response.output if item.type == "function_call"]
    assert [(call.name, call.arguments) for call in calls] == [
        ("sql", '{"statement": "select 1"}'),
        ("metric", "{}"),
    ]
    assert any(event.type == "response.function_call_arguments.delta" for event in events)


async def test_bytes_may_come_one_by_one(server: ModelServer, client: AsyncOpenAI) -> None:
    server.script(Script().says("Größe: 7.", drip=True))
    events = await ask(client)
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == "Größe: 7."


@pytest.mark.parametrize("inside", [False, True])
async def test_a_cut_stream_is_an_error_of_the_client(
    server: ModelServer, client: AsyncOpenAI, *, inside: bool
) -> None:
    server.script(Script().says("It is 7.", cut_after=4, cut_inside=inside))
    with pytest.raises(APIConnectionError):
        await ask(client)


async def test_statuses_carry_retry_after(server: ModelServer, client: AsyncOpenAI) -> None:
    server.script(Script().fails(429, retry_after="3"))
    with pytest.raises(RateLimitError) as raised:
        await ask(client)
    assert raised.value.response.headers["retry-after"] == "3"


async def test_a_reply_may_quote_the_request(server: ModelServer, client: AsyncOpenAI) -> None:
    script = server.script(Script().says(lambda request: f"{request.last_output['n']} it is."))
    outputs = [{"type": "function_call_output", "call_id": "c", "output": '{"n": 3}'}]
    answer = await client.responses.create(model="m", input=outputs)  # type: ignore[arg-type]
    assert answer.output_text == "3 it is."
    script.finish()


async def test_a_request_beyond_the_script_is_told(server: ModelServer, client: AsyncOpenAI) -> None:
    script = server.script(Script().says("Once."))
    await ask(client)
    with pytest.raises(Exception, match="400"):
        await ask(client)
    with pytest.raises(AssertionError, match="beyond the script"):
        script.finish()


@pytest.mark.parametrize("mutation", disorder.DISORDERS)
async def test_disorders_keep_the_final_response(
    server: ModelServer, client: AsyncOpenAI, mutation: disorder.Mutation
) -> None:
    server.script(Script().calls_at_once(("a", {"x": 1}), ("b", {"y": 2}), mutation=mutation))
    plain = disorder.response_events([disorder.Call("a", '{"x": 1}'), disorder.Call("b", "{}")])
    assert mutation(plain) != plain
    events = await ask(client)
    assert events[-1].type == "response.completed"
    assert len(events[-1].response.output) == 2


async def test_embeddings_are_deterministic_and_near_for_common_words(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    texts = ["value at risk", "the risk at value", "dividends"]
    answer = await client.embeddings.create(model="e", input=texts, dimensions=64)
    first, second, third = (item.embedding for item in answer.data)
    assert first == pytest.approx(embed(texts[0], 64), abs=1e-6)
    assert _dot(first, second) > 0.5 > _dot(first, third)
    assert server.embedded[-3:] == texts


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
