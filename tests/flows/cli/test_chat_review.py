"""The commands that review what the chat learns, and that export and delete what it keeps of a user."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import typer
from typer.testing import CliRunner, Result

from api.chat.store.database import ChatStore
from flows.cli.chat import review as chat_review
from flows.cli.options import SentenceGroup
from flows.console import console, errors
from tests.api.api_helpers import add_user
from tests.api.chat.chat_records import answer
from warehouse.connections import Warehouse

Invoke = Callable[..., Result]

app = typer.Typer(cls=SentenceGroup)
chat_review.add_to(app)


@pytest.fixture
def invoke(module_warehouse: Warehouse) -> Iterator[Invoke]:
    """Run a command over the warehouse of the module."""
    before = dict(os.environ)

    def run(*arguments: object, **options: object) -> Result:
        for cached in (console, errors):
            cached.cache_clear()
        environment = {**module_warehouse.settings.as_environment(), "COLUMNS": "300"}
        return CliRunner().invoke(app, [str(part) for part in arguments], env=environment, **options)  # type: ignore[arg-type]

    yield run
    for cached in (console, errors):
        cached.cache_clear()
    os.environ.clear()
    os.environ.update(before)


def user_with_a_good_answer(warehouse: Warehouse, question: str) -> str:
    email = f"{uuid4()}@example.com"
    user_id = UUID(add_user(warehouse, email))

    async def write() -> None:
        async with ChatStore(warehouse.settings) as store:
            done = await answer(store, user_id, question=question)
            await store.feedback.put(user_id, done.message_id, "up")

    asyncio.run(write())
    return email


def test_a_proposal_is_listed_activated_and_retired(module_warehouse: Warehouse, invoke: Invoke) -> None:
    assert "There is nothing to review." in invoke("review").stdout
    email = user_with_a_good_answer(module_warehouse, "How much is [bold]it?")
    listed = invoke("review").stdout
    assert "example, candidate, of " + email in listed
    assert "How much is [bold]it?" in listed
    assert "select value from somewhere" in listed
    proposal_id = listed.split()[0]
    activated = invoke("review", "--activate", proposal_id, "--question", "What is the value?").stdout
    assert f"example {proposal_id} is active: What is the value?" in activated
    assert "of all users" in invoke("review").stdout
    assert "is retired" in invoke("review", "--retire", proposal_id).stdout
    assert proposal_id not in invoke("review").stdout
    assert proposal_id in invoke("review", "--all").stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--question", "x"], "give --activate ID"),
        (["--activate", str(uuid4()), "--retire", str(uuid4())], "give --activate ID"),
        (["--activate", str(uuid4()), "--question", " "], "the text is empty"),
        (["--activate", str(uuid4())], "No proposal has the id"),
        (["--retire", str(uuid4())], "No proposal has the id"),
    ],
)
def test_a_review_that_cannot_be_is_refused_with_a_sentence(
    invoke: Invoke, options: list[str], sentence: str
) -> None:
    done = invoke("review", *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in " ".join(done.stderr.split())


def test_a_users_data_are_exported_and_deleted(
    module_warehouse: Warehouse, invoke: Invoke, tmp_path: Path
) -> None:
    email = user_with_a_good_answer(module_warehouse, "How much is it?")
    exported = json.loads(invoke("export", email.upper()).stdout)
    assert [message["content"] for message in exported["messages"]] == ["How much is it?", "It is 1.5."]
    file = tmp_path / "data.json"
    assert invoke("export", email, file).exit_code == 0
    assert json.loads(file.read_text()) == exported
    assert file.stat().st_mode & 0o777 == 0o600
    assert invoke("forget", email, input="n\n").exit_code == 1
    assert json.loads(invoke("export", email).stdout) == exported
    assert "1 conversations" in invoke("forget", email, "--yes").stdout
    assert {name for name, rows in json.loads(invoke("export", email).stdout).items() if rows} == {"usage"}


def test_an_export_is_written_to_a_new_file_only(
    module_warehouse: Warehouse, invoke: Invoke, tmp_path: Path
) -> None:
    email = user_with_a_good_answer(module_warehouse, "Who reads it?")
    planted, target, link = tmp_path / "planted.json", tmp_path / "target", tmp_path / "link.json"
    planted.touch()
    planted.chmod(0o666)
    link.symlink_to(target)
    for path in (planted, link):
        done = invoke("export", email, path)
        assert done.exit_code == 1
        assert f"{path} exists: name another file" in " ".join(done.stderr.split())
    assert planted.read_text() == ""
    assert not target.exists()
    done = invoke("export", email, tmp_path / "none" / "data.json")
    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)


def test_an_unknown_user_is_named(invoke: Invoke) -> None:
    for command in (("export",), ("forget", "--yes")):
        done = invoke(*command, "nobody@example.com")
        assert done.exit_code == 1
        assert "There is no user nobody@example.com" in " ".join(done.stderr.split())
