"""Log lines: one JSON object each if configured, without secrets."""

import json
import logging
import sys
from pathlib import Path

import pytest

from flows.log_format import log_formatter, secrets_of, set_run_id
from warehouse.settings import Settings

PASSWORD = 'p@ss"w/rd'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        sigmasight_home=tmp_path,
        log_format="json",
        database_url="postgresql://me:p%40ss%22w%2Frd@127.0.0.1/x",
        api_password="the-api-password",
    )


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    exc_info = None
    try:
        int(PASSWORD)
    except ValueError:
        exc_info = sys.exc_info() if error else None
    return logging.LogRecord("flows.test", logging.WARNING, __file__, 1, message, arguments, exc_info)


def test_a_line_is_one_json_object_even_with_a_traceback(settings: Settings) -> None:
    text = log_formatter(settings).format(record("one\ntwo %s", 3, error=True))
    assert "\n" not in text
    line = json.loads(text)
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "flows.test", "one\ntwo 3")
    assert line["error"].startswith("Traceback")
    assert "run_id" not in line


def test_the_run_id_is_logged_during_a_run(settings: Settings) -> None:
    set_run_id(7)
    try:
        assert json.loads(log_formatter(settings).format(record("x")))["run_id"] == 7
    finally:
        set_run_id(None)


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_secrets_are_masked_in_every_encoding(settings: Settings, log_format: str) -> None:
    formatter = log_formatter(settings.model_copy(update={"log_format": log_format}))
    message = f"{settings.database_url} {PASSWORD} the-api-password"
    line = formatter.format(record("%s", message, error=True))
    assert "***" in line
    for secret in (PASSWORD, "p%40ss%22w%2Frd", "the-api-password", json.dumps(PASSWORD)[1:-1]):
        assert secret not in line


def test_without_secrets_nothing_is_hidden(tmp_path: Path) -> None:
    settings = Settings(sigmasight_home=tmp_path)
    assert secrets_of(settings) == set()
    assert log_formatter(settings).format(record("a line")).endswith("flows.test: a line")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_message_begins_no_line_of_its_own_and_commands_no_terminal(
    settings: Settings, log_format: str
) -> None:
    formatter = log_formatter(settings.model_copy(update={"log_format": log_format}))
    lines = formatter.format(record("%s", "read\n2026-01-01 ERROR forged\x1b[2J\x9b1m\r")).split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines[1:] if not line.startswith("    ")] == []
