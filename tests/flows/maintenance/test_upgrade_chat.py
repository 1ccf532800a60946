"""`sigmasight upgrade --chat`: the step that creates and upgrades everything, the chat's database too."""

import pytest

from tests.flows.in_process import invoke
from warehouse.connections import Warehouse, connect
from warehouse.errors import WarehouseUnavailableError


def test_the_chats_database_is_created_if_it_is_asked_for(empty_warehouse: Warehouse) -> None:
    variables = empty_warehouse.settings.as_environment()
    assert invoke(["upgrade"], variables).returncode == 0
    with pytest.raises(WarehouseUnavailableError, match="does not exist"):
        connect(empty_warehouse.ai_url)
    for _ in range(2):  # the second time there is nothing to do
        done = invoke(["upgrade", "--chat"], variables)
        assert done.returncode == 0, done.stderr
        with connect(empty_warehouse.ai_url) as connection:
            (tables,) = connection.execute("select count(*) from chat.migrations").fetchone() or (0,)
        assert tables
