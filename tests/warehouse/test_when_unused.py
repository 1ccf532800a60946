"""Views are changed when nobody reads from them, and keep nobody waiting until then."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest

from warehouse.connections import Warehouse

CHANGE = """
select ops.when_unused(
    'create or replace view marts.v as select 2 as a; grant select on marts.v to sigmasight_api'
)
"""


def test_an_open_transaction_of_an_analyst_keeps_no_reader_waiting(empty_warehouse: Warehouse) -> None:
    # Silent failure prevented: a change of the views waits for somebody who forgot to commit, and behind it
    # every request of the API until its timeout
    def change() -> float:
        with empty_warehouse.connect_writer(autocommit=True) as writer:
            writer.execute(CHANGE)
        return monotonic()

    with empty_warehouse.connect_writer(autocommit=True) as writer:
        writer.execute("create view marts.v as select 1 as a; grant select on marts.v to sigmasight_analyst")
    with ThreadPoolExecutor(1) as threads, empty_warehouse.connect_analyst() as forgotten:
        forgotten.execute("select a from marts.v")
        changing = threads.submit(change)
        waits = []
        with empty_warehouse.connect_analyst(autocommit=True) as reader:
            until = monotonic() + 7
            while monotonic() < until:
                begun = monotonic()
                assert reader.execute("select a from marts.v").fetchone() == (1,)
                waits.append(monotonic() - begun)
                sleep(0.05)
            assert max(waits) < 3
            assert not changing.done()
            forgotten.rollback()
            changing.result(timeout=20)
            assert reader.execute("select a from marts.v").fetchone() == (2,)


def test_an_error_of_the_change_is_told_at_once(empty_warehouse: Warehouse) -> None:
    with (
        empty_warehouse.connect_writer(autocommit=True) as writer,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        writer.execute("select ops.when_unused('create view marts.v as select * from marts.nothing')")
