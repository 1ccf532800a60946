"""The unit tests of the SQL models, which builds leave out: they do not depend on the data."""

from collections.abc import Callable

from tests.database_copies import drop
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse


def test_the_unit_tests_of_the_models_pass(demo: Warehouse, copy_warehouse: Callable[..., Warehouse]) -> None:
    copied = copy_warehouse(demo)
    output = CommandLine(copied).succeed("dbt", "test", "--select", "test_type:unit")
    drop(copied)
    assert "ERROR=0" in output
    assert "PASS=0" not in output
