"""The figures of the chat: at /metrics, for administrators, and in the log; none with content."""

import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.chat.model.stream import Usage
from api.chat.turn.metrics import ChatMetrics, Ended, quantile
from tests.api.api_helpers import assert_problem, log_in_demo
from tests.api.chat.responses_server import Script
from tests.api.chat.turn.chat_client import Asking
from tests.api.chat.turn.conftest import USER
from warehouse.connections import Warehouse

SECRET = "Zauberwort4711"
COUNT = {"statement": "select count(*) as portfolios from dim_portfolios", "purpose": SECRET}


def value_of(text: str, name: str, **labels: str) -> float:
    """The value of one series in Prometheus' text."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and sample.labels == labels)


def test_an_answer_is_counted(chat: Asking) -> None:
    before = chat.client.get("/metrics").text
    chat.ask(Script().calls("sql", COUNT).says(f"One {SECRET}, and 77.7 %."), SECRET)
    chat.ask(Script().refuses("No."))
    chat.ask(Script().fails(401))
    after = chat.client.get("/metrics").text

    def rise(name: str, **labels: str) -> float:
        return value_of(after, name, **labels) - value_of(before, name, **labels)

    assert rise("sigmasight_chat_answers_total", outcome="done") == 2
    assert rise("sigmasight_chat_answers_total", outcome="failed") == 1
    assert rise("sigmasight_chat_errors_total", error_type="FATAL_ERROR") == 1
    assert rise("sigmasight_chat_refusals_total") == 1
    assert rise("sigmasight_chat_unverified_figures_total") == 1
    assert rise("sigmasight_chat_tool_duration_seconds_count", tool="sql", ok="true") == 1
    assert rise("sigmasight_chat_first_token_seconds_count") == 2
    assert rise("sigmasight_chat_tokens_total", kind="output") > 0
    assert SECRET not in after


def test_no_name_of_the_model_becomes_a_label() -> None:
    metrics = ChatMetrics(["sql"])
    metrics.record_tool("sql", 0.1, ok=True)
    metrics.record_tool(SECRET, 0.1, ok=False)
    labels = {sample.labels.get("tool") for metric in metrics.collect() for sample in metric.samples}
    assert labels == {None, "sql", "other"}


def test_quantiles_are_values() -> None:
    assert quantile([], 0.5) is None
    assert quantile([30, 10, 20], 0.5) == 20
    assert quantile(range(1, 101), 0.95) == 95
    metrics = ChatMetrics()
    ended = Ended("done", "m", Usage(1, 2), 5, 40, 0, 0, 0, refused=False, error_type=None)
    metrics.record_answer(ended)
    assert metrics.since_start()["first_token_ms_p95"] == 40


def test_administrators_see_the_figures(chat: Asking, demo: Warehouse) -> None:
    assert_problem(chat.client.get("/api/v1/admin/chat", headers=chat.headers), 403, "not_permitted")
    chat.ask(Script().calls("sql", COUNT).says("One portfolio."), SECRET)
    set_admin(demo, is_admin=True)
    try:
        response = log_in_demo(chat.client, USER).get("admin/chat", days=1)
    finally:
        set_admin(demo, is_admin=False)
    assert response.status_code == 200, response.text
    shown = response.json()
    (today,) = shown["days"]
    assert (shown["available"], shown["model"], shown["running"]) == (True, "first", 0)
    assert shown["since_start"]["answers"] >= 1
    assert today["answers"] >= 1
    assert today["input_tokens"] >= 200
    assert today["first_token_ms_p50"] <= today["first_token_ms_p95"]
    assert SECRET not in response.text


def set_admin(demo: Warehouse, *, is_admin: bool) -> None:
    """Make the user an administrator, or not: from the next login on, as users are cached by session."""
    with demo.connect_writer() as connection:
        connection.execute("update ops.users set is_admin = %s where email = %s", (is_admin, USER))


def test_the_log_has_no_content(chat: Asking, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        chat.ask(Script().calls("sql", COUNT).says(f"The answer is {SECRET}."), f"Question {SECRET}")
    (line,) = [record for record in caplog.records if record.name == "api.chat"]
    fields = json.loads(line.getMessage().removeprefix("chat answer "))
    assert (fields["outcome"], fields["tool_calls"], fields["error_type"]) == ("done", 1, None)
    ours = [
        record for record in caplog.records if record.name.split(".")[0] in {"api", "openai", "sse_starlette"}
    ]
    assert ours
    assert not [record for record in ours if SECRET in record.getMessage()]
    assert not [record for record in caplog.records if "key-of-the-server" in record.getMessage()]
