"""Fixtures of the ingestion tests: a writer's connection, and real market data if available."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ingestion.portfolios.entries import Holder, find_holder
from ingestion.raw.loads import Connection
from ingestion.statements.load import load_positions
from warehouse.connections import Warehouse

MINE_TODAY = date(2026, 2, 2)
MARKET_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "market"


@pytest.fixture
def empty_warehouse(emptied_warehouse: Warehouse) -> Warehouse:
    """Nothing in ingestion uses the chat's database."""
    return emptied_warehouse


@pytest.fixture
def connection(empty_warehouse: Warehouse) -> Iterator[Connection]:
    with empty_warehouse.connect_writer(application_name="test ingestion", autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def module_connection(module_warehouse: Warehouse) -> Iterator[Connection]:
    """Shared by the tests of a module that write nothing that affects other tests."""
    with module_warehouse.connect_writer(application_name="test ingestion", autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def market_folder() -> Path:
    """Real market data next to the project, not part of it."""
    if not MARKET_FOLDER.is_dir():
        pytest.skip(f"{MARKET_FOLDER} is missing; the same paths are tested with synthetic data")
    return MARKET_FOLDER


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file with this name into the test's folder."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def load_mine(connection: Connection, write: Callable[[str, str], Path]) -> Callable[[str], Holder]:
    """Load a statement of the portfolio `Mine`, dated MINE_TODAY, and return its Holder."""

    def load(positions: str) -> Holder:
        load_positions(
            connection,
            write("mine.csv", f"Symbol,Quantity,Entry Price Per Share,Entry Date\n{positions}\n"),
            portfolio_name="Mine",
            owner_email="jane@example.com",
            equity=Decimal(100),
            today=MINE_TODAY,
        )
        return find_holder(connection, "Mine", None)

    return load


@pytest.fixture
def count(connection: Connection) -> Callable[[str], int]:
    """The number of rows of a table."""

    def rows(table: str) -> int:
        result = connection.execute(f"select count(*) from {table}").fetchone()
        assert result is not None
        return int(result[0])

    return rows


@pytest.fixture
def newest_prices(connection: Connection) -> Callable[[str], pd.DataFrame]:
    """The newest row of each session of a symbol, numbers as floats."""

    def read(symbol: str) -> pd.DataFrame:
        cursor = connection.execute(
            "select distinct on (price_date) price_date, source, open::float8, high::float8, low::float8, "
            "close::float8, volume::float8, total_return, previous_date, previous_close::float8 "
            "from raw.prices where symbol = %s order by price_date, load_id desc",
            [symbol],
        )
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        return pd.DataFrame(cursor.fetchall(), columns=names).set_index("price_date")

    return read
