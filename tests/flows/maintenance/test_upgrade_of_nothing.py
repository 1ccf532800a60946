"""Upgrading a warehouse in which nothing was ever published: it has none of the tables of the marts."""

from warehouse.code_version import upgrade_steps
from warehouse.connections import Warehouse


def test_the_step_of_the_stress_method_needs_no_published_table(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        connection.execute(upgrade_steps()[6].read_text().encode())
        tables = connection.execute("select to_regclass('published.int_portfolio_factor_stress')").fetchone()
    assert tables == (None,)
