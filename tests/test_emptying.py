"""A test gets an emptied warehouse as new, whatever the test before did to it."""

from typing import Any

import psycopg
import pytest

from ingestion.market.calendar import load_calendar
from tests.emptying import ReusedWarehouse
from warehouse.connections import Warehouse

COUNTS = """
select (select count(*) from raw.calendar_days), (select count(*) from ops.loads),
    (select last_value from ops.loads_load_id_seq), (select count(*) from ops.layouts)
"""


def counts(warehouse: Warehouse) -> Any:
    with psycopg.connect(warehouse.admin_url) as connection:
        return connection.execute(COUNTS).fetchone()


def test_rows_are_removed_and_the_database_is_kept(reused_warehouse: ReusedWarehouse) -> None:
    first = reused_warehouse.take()
    new = counts(first)
    left_open = first.connect_writer()
    load_calendar(left_open)
    left_open.commit()
    assert counts(first) != new
    left_open.execute("select count(*) from raw.calendar_days")
    reused_warehouse.give_back()
    second = reused_warehouse.take()
    assert second == first
    assert counts(second) == new
    left_open.close()


@pytest.mark.parametrize(
    "change",
    [
        "create table raw.another (a int)",
        "alter table raw.prices add column another int",
        "alter table raw.prices add check (close is null)",
        "grant select on raw.prices to public",
        "create or replace function ops.another() returns int return 1",
        "delete from ops.layouts",
        "create schema another",
    ],
)
def test_another_database_follows_one_whose_layout_was_changed(
    reused_warehouse: ReusedWarehouse, change: str
) -> None:
    first = reused_warehouse.take()
    new = counts(first)
    with psycopg.connect(first.admin_url) as connection:
        connection.execute(change.encode())
    reused_warehouse.give_back()
    second = reused_warehouse.take()
    assert second != first
    assert counts(second) == new
    reused_warehouse.give_back()
    assert reused_warehouse.take() == second
