"""A build while readers look at a standby: they see the publication before it, then all of the next one."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.flows.flow_helpers import CommandLine, all_marts, load_history, news, one, wait_until
from warehouse.connections import Warehouse, connect, open_warehouse, stop_warehouse
from warehouse.settings import Settings
from warehouse.standby import reader_urls, remove_standby, start_standby

pytestmark = pytest.mark.long  # two servers and three builds; tests/warehouse/test_standby.py has the rest

SEEN = """
select
    (select max(publication_id) from fct_publications),
    (select max(as_of_date) from fct_portfolio_snapshots),
    (select max(as_of_date) from fct_position_values),
    (select max(as_of_date) from fct_portfolio_risk),
    (select sum(market_value) from fct_position_values),
    (select sum(daily_pnl) from fct_portfolio_snapshots)
"""
PUBLICATIONS = "select count(*) from ops.publications where published_at is not null"


class Followed(NamedTuple):
    """A published warehouse on a server of its own, and the analysts' URL on its standby."""

    warehouse: Warehouse
    url: str


@pytest.fixture
def followed(make_home: Callable[[], Path], tmp_path: Path) -> Iterator[Followed]:
    warehouse, folder = open_warehouse(Settings(sigmasight_home=make_home())), make_home() / "standby"
    load_history(warehouse, tmp_path / "prices")
    CommandLine(warehouse).succeed("nightly", "--force")
    start_standby(warehouse, folder)
    yield Followed(warehouse, reader_urls(warehouse, folder).analyst)
    remove_standby(warehouse, folder)
    stop_warehouse(warehouse.settings)


def test_a_publication_is_seen_at_once(followed: Followed, tmp_path: Path) -> None:
    seen: set[tuple[object, ...]] = set()
    ended = threading.Event()

    def look() -> None:
        with connect(followed.url, autocommit=True) as connection:
            while not ended.is_set():
                seen.update(connection.execute(SEEN).fetchall())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        CommandLine(followed.warehouse).succeed(
            "nightly", "--force", "--source", "files", "--prices", str(news(tmp_path / "news"))
        )
        with followed.warehouse.connect_analyst() as first:
            (last,) = first.execute(SEEN).fetchall()
        wait_until(lambda: last in seen, "the standby shows the publication")
    finally:
        ended.set()
        looking.join()
    assert one(followed.warehouse, PUBLICATIONS) == 2
    assert len(seen) == 2, "a part of a publication was seen"
    assert all(dates[0] == dates[1] == dates[2] for _, *dates, _, _ in seen)
    on_standby = Settings.model_validate(
        {"sigmasight_home": followed.warehouse.settings.sigmasight_home, "analyst_database_url": followed.url}
    )
    assert all_marts(open_warehouse(on_standby)) == all_marts(followed.warehouse)
