"""The whole path on servers given by DATABASE_URL: PostgreSQL 16 and 18, a login that is no superuser.

The embedded server's administrator is a superuser, from whom PostgreSQL hides nothing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ingestion.demo.demo import create_demo_users
from tests.api.api_helpers import log_in_demo
from tests.conftest import THEN
from tests.flows.flow_helpers import CommandLine, all_marts, one
from tests.servers.own_server import NEWEST, OLDEST, PASSWORD, PASSWORDS, own_server
from warehouse.connections import open_warehouse
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

LOGIN = f"create role sig login createrole createdb password '{PASSWORD}'"
CORRECTED = "2025-09-10"


@pytest.fixture(scope="module", params=["oldest", pytest.param("newest", marks=pytest.mark.long)])
def own(request: pytest.FixtureRequest, make_home: Callable[[], Path]) -> Iterator[CommandLine]:
    """The command line on such a server, with the demonstration published."""
    home = make_home()
    with own_server(make_home(), {"oldest": OLDEST, "newest": NEWEST}[request.param]) as server:
        server.run(LOGIN)
        with psycopg.connect(server.url("sig", "postgres"), autocommit=True) as login:
            login.execute("create database risk")
        given = {"database_url": server.url("sig", "risk"), "secret_key": "k" * 48, **PASSWORDS}
        command = CommandLine(open_warehouse(Settings.model_validate({"sigmasight_home": home, **given})))
        command.succeed("demo", "--until", str(THEN))
        yield command


def publications(command: CommandLine) -> int:
    return int(one(command.warehouse, "select count(*) from ops.publications where published_at is not null"))


def test_the_demonstration_is_published(own: CommandLine) -> None:
    last = "select max(as_of_date) from marts.fct_portfolio_snapshots"
    assert one(own.warehouse, last) == THEN
    assert one(own.warehouse, "select rolsuper from pg_roles where rolname = session_user") is False
    assert "running" not in own.succeed("status")


def test_a_correction_is_published_and_listed(own: CommandLine, tmp_path: Path) -> None:
    before = publications(own)
    close = one(
        own.warehouse, "select close from raw.prices where symbol = 'AAPL' and price_date = %s", [CORRECTED]
    )
    (tmp_path / "prices.csv").write_text(f"date,symbol,close\n{CORRECTED},AAPL,{close * 2}\n")
    own.succeed("nightly", "--force", "--source", "files", "--prices", str(tmp_path))
    assert publications(own) == before + 1
    assert one(own.warehouse, "select count(*) from marts.fct_restatements") > 0


@pytest.mark.long
def test_past_dates_are_rebuilt(own: CommandLine) -> None:
    before = publications(own)
    own.succeed("rebuild", "--from", str(THEN))
    assert publications(own) == before + 1


@pytest.mark.long
def test_a_backup_is_restored(own: CommandLine, tmp_path: Path) -> None:
    before = all_marts(own.warehouse)
    own.succeed("backup", str(tmp_path / "risk.backup"))
    with own.warehouse.connect_writer() as connection:
        connection.execute("truncate ops.publications cascade")
    own.succeed("restore", str(tmp_path / "risk.backup"), "--replace")
    assert all_marts(own.warehouse) == before
    own.succeed("nightly", "--force")


def test_the_api_answers_with_the_users_own_portfolio(own: CommandLine) -> None:
    with own.warehouse.connect_writer() as connection:
        create_demo_users(connection, until=THEN)
    with TestClient(create_app(own.warehouse.settings)) as client:
        assert client.get("/api/v1/health/ready").status_code == 200
        person = log_in_demo(client, "demo_individual@sigmasight.com")
        assert len(person.portfolios) == 1
        assert person.get(f"analytics/portfolio/{person.portfolio_id}/overview").status_code == 200


def test_an_analyst_reads_every_mart_and_writes_none(own: CommandLine) -> None:
    with own.warehouse.connect_analyst(autocommit=True) as connection:
        assert connection.info.user == "sigmasight_analyst"
        views = connection.execute("select viewname from pg_views where schemaname = 'marts'").fetchall()
        counts = {
            view: connection.execute(f"select count(*) from {view}".encode()).fetchone() for (view,) in views
        }
        assert counts["fct_position_values"] != (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table public.mine ()")
