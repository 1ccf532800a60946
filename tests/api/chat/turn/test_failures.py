"""What is logged of a failure: where it was, and nothing that the user wrote."""

import logging

import psycopg
import pytest
from psycopg.errors import InvalidTextRepresentation

from api.chat.turn.failures import UNEXPECTED, failure_for

TEXT = 'CONTEXT: JSON data, line 1: {"text": "my secret"'


def fail_in_the_database() -> psycopg.Error:
    """An error whose text quotes what was stored."""
    try:
        raise InvalidTextRepresentation(TEXT)
    except psycopg.Error as error:
        return error


def test_an_error_of_the_database_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert failure_for(fail_in_the_database()) == UNEXPECTED
    assert "secret" not in caplog.text
    assert "InvalidTextRepresentation, SQLSTATE 22P02" in caplog.text
    assert "in fail_in_the_database" in caplog.text
