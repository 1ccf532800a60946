"""URLs: parsed, built, and never with a password in a message."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from warehouse.connections import unavailable
from warehouse.errors import SettingsError
from warehouse.urls import hide_secrets, libpq_environment, make_url, url_parts

# libpq accepts any text but NUL; host names are narrower and tested by example
TEXT = st.text(st.characters(exclude_characters="\0@", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(user=TEXT, password=TEXT.map(lambda text: f"@/{text}"), dbname=TEXT, application_name=TEXT)
def test_make_url_is_the_inverse_of_url_parts(
    user: str, password: str, dbname: str, application_name: str
) -> None:
    parts = {"user": user, "password": password, "dbname": dbname, "application_name": application_name}
    assert url_parts(make_url(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        {"host": "db.example.org", "port": "6432", "user": "u", "dbname": "d"},
        {"host": "/var/run/it's a folder", "user": "u", "dbname": "d"},
        {"host": "::1", "port": "5432", "dbname": "d"},
        {"host": "a,b", "port": "1,2", "dbname": "d", "target_session_attrs": "read-write"},
        {"host": "h", "dbname": "d", "options": "-c role=sigmasight_writer -c jit=off"},
        {"user": "u", "dbname": "d"},
    ],
)
def test_every_kind_of_host_survives(parts: dict[str, str]) -> None:
    assert url_parts(make_url(parts)) == parts
    assert conninfo_to_dict(make_url(parts)) == parts


def test_a_plain_url_stays_readable() -> None:
    url = "postgresql://u:p@db.example.org:5432/d?sslmode=require"
    assert make_url(url_parts(url)) == url


def test_a_drivers_name_in_the_scheme_is_ignored() -> None:
    assert url_parts("postgresql+psycopg://u@h/d") == {"user": "u", "host": "h", "dbname": "d"}
    assert url_parts("postgres+asyncpg://u@h/d")["host"] == "h"


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:sw@rdfish@h/d", "postgresql://u:sw/rdfish@h/d", "mysql://u:swordfish@h/d", "swordfish"],
)
def test_an_unreadable_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        url_parts(url)
    assert "rdfish" not in str(caught.value)


def test_hide_secrets_replaces_the_password_and_nothing_else() -> None:
    assert hide_secrets("no swordfish here", {"password": "swordfish"}) == "no *** here"


def test_a_password_in_a_server_message_is_hidden() -> None:
    error = unavailable(psycopg.OperationalError("rejected swordfish"), "postgresql://u:swordfish@h/d")
    assert "swordfish" not in str(error)
    assert "h" in str(error)


def test_libpq_environment_returns_the_variables_that_libpq_reads() -> None:
    assert libpq_environment({"sslmode": "require", "options": "-c a=b", "keepalives_idle": "3"}) == {
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c a=b",
    }
