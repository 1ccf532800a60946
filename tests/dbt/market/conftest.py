"""The marts of the demo portfolios on real prices, as frames."""

from collections.abc import Callable, Iterator

import pandas as pd
import psycopg
import pytest
from psycopg.types.numeric import FloatLoader

from tests.dbt.what_if.what_if_figures import Reader
from warehouse.connections import Warehouse

Read = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def read(market: Warehouse) -> Read:
    def query(text: str) -> pd.DataFrame:
        with psycopg.connect(market.analyst_url) as connection:
            connection.adapters.register_loader("numeric", FloatLoader)
            connection.execute("set search_path = marts")
            cursor = connection.execute(text.encode())
            names = [column.name for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    return query


@pytest.fixture(scope="module")
def rows(market: Warehouse) -> Iterator[Reader]:
    with psycopg.connect(market.analyst_url, autocommit=True) as connection:
        yield Reader(connection)
