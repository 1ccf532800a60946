"""`sigmasight chat` as a process, over the demo and with a scripted model on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from psycopg import connect
from typer.testing import CliRunner

from flows.cli.app import app
from ingestion.demo.demo import create_demo_users
from tests.api.chat.responses_server import ModelRequest, ModelServer, Script, serving_model
from tests.conftest import THEN
from warehouse.connections import Warehouse
from warehouse.settings import project_root

PROGRAM = str(Path(sys.executable).with_name("sigmasight"))
PORTFOLIO = "Demo Individual Investor Portfolio"
USER = "demo_individual@sigmasight.com"
LARGEST = """
select symbol, market_value, weight from fct_position_values
where as_of_date = (select max(as_of_date) from fct_position_values) order by market_value desc limit 2
"""
LIE = "Your cash is $98,765.43."

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def demo(demo_run: Any) -> Warehouse:
    """The demo with its users."""
    built: Warehouse = demo_run.warehouse
    with built.connect_writer() as connection:
        create_demo_users(connection, until=THEN)
    return built


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """The model's server."""
    with serving_model() as server:
        yield server


@pytest.fixture(scope="module")
def start(demo: Warehouse, model: ModelServer) -> Start:
    """Start `sigmasight chat` with these arguments, on the demo and the scripted model."""

    def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [PROGRAM, "chat", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **demo.settings.as_environment(),
                "OPENAI_API_KEY": "key-of-the-server",
                "OPENAI_BASE_URL": model.url,
                "EMBEDDING_MODEL": "none",
                "PYTHONPATH": str(project_root()),
                **environment,
            },
        )

    return start


@pytest.fixture(scope="module")
def run(start: Start) -> Run:
    """Run `sigmasight chat` with these arguments to its end."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        process = start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


def largest(request: ModelRequest) -> str:
    """An answer from the last result."""
    (symbol, value, weight), _ = request.last_output["rows"]
    return f"{symbol} is the largest, worth ${float(value):,.2f} or {100 * float(weight):.2f} % of equity."


def answering(said: Any = largest) -> Script:
    return Script().calls("sql", {"statement": LARGEST, "purpose": "the largest"}).says(said)


@pytest.mark.slow
def test_an_answer_shows_its_queries_and_where_each_figure_is_from(run: Run, model: ModelServer) -> None:
    script = model.script(answering())
    done = run("What is my largest position?", "--portfolio", PORTFOLIO)
    assert done.returncode == 0, done.stderr
    script.finish()
    text, _, sources = done.stdout.partition("\nQueries\n")
    shown = re.match(r"(\w+) is the largest, worth (\$[\d,.]+) or ([\d.]+ %) of equity\.\n", text)
    assert shown, text
    queries, _, figures = sources.partition("\nFigures\n")
    assert re.search(r"q1  as of 2025-09-1\d, publication \d+, 2 rows\n", queries)
    assert "order by market_value desc limit 2" in queries
    assert [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in figures.splitlines()[:2]] == [
        [shown[2], "q1, row 0, market_value"],
        [shown[3], "q1, row 0, weight"],
    ]


@pytest.mark.long
def test_a_lie_is_shown_as_not_verified(run: Run, model: ModelServer) -> None:
    model.script(answering(lambda request: f"{largest(request)} {LIE}").says(LIE))
    done = run("ask", "What is my largest position?", "--user", USER)
    assert done.returncode == 0, done.stderr
    assert "The answer after its figures were checked:" in done.stdout
    assert "$98,765.43 [not verified]" in done.stdout
    assert re.search(r"\$98,765\.43 +not verified: no result has it", done.stdout)


@pytest.mark.slow
def test_an_answer_as_json_is_verified_again(run: Run, model: ModelServer) -> None:
    model.script(answering())
    done = run("What is my largest position?", "--portfolio", PORTFOLIO, "--json", "--mode", "green")
    answer = json.loads(done.stdout)
    assert [figure["verified"] for figure in answer["figures"]] == [True, True]
    found = run("verify", answer["conversation_id"])
    assert (found.returncode, found.stderr) == (0, "")
    assert "1 of 1 queries return what is recorded; 2 of 2 figures" in " ".join(found.stdout.split())
    found = run("verify", answer["conversation_id"], "--user", "demo_hnw@sigmasight.com")
    assert (found.returncode, found.stdout) == (1, "")
    assert "no conversation with this id" in found.stderr


@pytest.mark.long
def test_a_record_that_was_changed_is_found(demo: Warehouse, run: Run, model: ModelServer) -> None:
    model.script(answering())
    answer = json.loads(run("What is my largest position?", "--portfolio", PORTFOLIO, "--json").stdout)
    with connect(demo.ai_url) as connection:
        connection.execute("select set_config('sigmasight.chat_operator', 'on', false)")
        connection.execute(
            """
            update chat.queries set result = jsonb_set(result, '{rows,0,0}', '"FORGED"')
            where query_id = %s
            """,
            [answer["queries"][0]["query_id"]],
        )
    found = run("verify", answer["conversation_id"], "--json")
    assert found.returncode == 1
    (query,) = json.loads(found.stdout)["queries"]
    assert query["outcome"] == "differs"
    assert query["notes"][0].startswith("Row 0, symbol: was FORGED, is ")


@pytest.mark.long
def test_ctrl_c_cancels_the_answer_and_its_record(demo: Warehouse, start: Start, model: ModelServer) -> None:
    model.script(Script().says("Never said.", delay=60))
    process = start("What is my largest position?", "--portfolio", PORTFOLIO)
    deadline = monotonic() + 60
    while not model.model_requests:
        assert monotonic() < deadline, process.poll()
        sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err.strip() == "Stopped."
    with connect(demo.ai_url) as connection:
        connection.execute("select set_config('sigmasight.chat_operator', 'on', false)")
        statement = "select status from chat.messages where role = 'assistant' order by position desc limit 1"
        assert connection.execute(statement).fetchone() == ("cancelled",)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Why?", "--portfolio", "Nowhere"], "There is no portfolio 'Nowhere'"),
        (["Why?"], "say whose data to read, with --portfolio NAME or --user EMAIL"),
        (["Why?", "--user", "nobody@example.com"], "No active user has the email 'nobody@example.com'"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in " ".join(done.stderr.split())


@pytest.mark.slow
def test_without_a_key_the_chat_says_what_to_set(run: Run) -> None:
    done = run("Why?", "--portfolio", PORTFOLIO, OPENAI_API_KEY="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "set OPENAI_API_KEY" in " ".join(done.stderr.split())


@pytest.mark.long
def test_a_failing_model_is_said_in_a_sentence(run: Run, model: ModelServer) -> None:
    model.script(Script().fails(401).forever())
    done = run("Why?", "--portfolio", PORTFOLIO)
    assert (done.returncode, done.stdout) == (1, "")
    assert "VENDOR-SECRET" not in done.stderr
    assert done.stderr.strip().endswith(".")


def test_a_question_needs_no_command() -> None:
    runner = CliRunner()
    refused = runner.invoke(app, ["chat", "verify", "no-id"])
    assert refused.exit_code == 2
    assert "valid UUID" in " ".join(refused.output.split())
    refused = runner.invoke(app, ["chat", "Why?", "--mode", "purple"])
    assert refused.exit_code == 2
    assert "'purple' is no mode" in " ".join(refused.output.split())
    assert "verify" in runner.invoke(app, ["chat"]).output
