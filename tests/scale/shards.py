"""N warehouses that each hold a part of the portfolios, and all symbols, compared with one that holds all.

Portfolios are placed by their id, as a distributed PostgreSQL places rows by a hash of portfolio_id; what is
about symbols is loaded into each, as into its reference tables. Then no build needs the rows of another
portfolio, and the union of the parts is the whole, row for row.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import pandas as pd
import psycopg
from psycopg import sql

from flows.environment import dbt_target
from ingestion.market.calendar import load_calendar
from tests.benchmarks.builds import run_nightly
from tests.benchmarks.generate import Batch, benchmark_sessions, history, load_batches, next_date
from tests.benchmarks.measure import temporary_home
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

# What a warehouse tells of itself: numbers and times of its own loads and publications.
OF_THE_WAREHOUSE = frozenset(
    {"fct_loads", "fct_publications", "fct_quarantine", "fct_restatements", "fct_restatement_summary"}
)
# Times of loads, and how many portfolios hold a symbol: the one figure of it that a part cannot know.
NOT_COMPARED = ["created_at", "updated_at", "used_by_portfolios"]
ROWS = "select md5((to_jsonb(rows) - %s::text[])::text) from marts.{} as rows"
COST = "select rows_written, bytes_written from ops.publications order by publication_id desc limit 1"


class Night(NamedTuple):
    """The build of one more session. size: bytes by which the published tables grew; portfolios: in it."""

    portfolios: int
    seconds: float
    rows: int
    size: int


@dataclass(frozen=True)
class Difference:
    """Rows of a mart that only the whole has, or only the parts."""

    mart: str
    missing: int
    surplus: int


@dataclass(frozen=True)
class Comparison:
    """rows: of portfolios, compared one by one; symbol_rows: of parts, found in the whole."""

    whole: Night
    parts: list[Night]
    rows: int
    symbol_rows: int
    differences: list[Difference]


def shard_of(portfolio_id: str, shards: int) -> int:
    """The part in which a portfolio is: by a hash of its id, which no load or build changes."""
    digest = hashlib.sha256(UUID(portfolio_id).bytes).digest()
    return int.from_bytes(digest[:8], "big") % shards


def compare(portfolios: int, sessions: int, held: int, shards: int) -> Comparison:
    """Build the whole and its parts, a history and one more session each, and compare all marts.

    sessions, held: of prices and of positions in the history.
    """
    days = benchmark_sessions(sessions + 1)
    first, last = history(portfolios, days, held=held), next_date(days)
    with ExitStack() as stack:
        whole = stack.enter_context(_new_warehouse())
        parts = [stack.enter_context(_new_warehouse()) for _ in range(shards)]
        nights = [_build(whole, first, last)]
        nights += [_build(part, _part(first, place, shards), last) for place, part in enumerate(parts)]
        return _compare_marts(whole, parts, nights)


@contextmanager
def _new_warehouse() -> Iterator[Warehouse]:
    with temporary_home() as home:
        yield open_warehouse(Settings(sigmasight_home=home))


def _part(batches: list[Batch], place: int, shards: int) -> list[Batch]:
    """The rows of the portfolios of a part, and all rows of symbols."""
    return [
        (dataset, frame[_places(frame, shards) == place] if "portfolio_id" in frame else frame)
        for dataset, frame in batches
    ]


def _places(frame: pd.DataFrame, shards: int) -> "pd.Series[int]":
    return frame["portfolio_id"].map(lambda portfolio_id: shard_of(portfolio_id, shards))


def _build(warehouse: Warehouse, first: list[Batch], last: list[Batch]) -> Night:
    """Load and build the history, then one more session, which is measured."""
    _load(warehouse, first)
    run_nightly(warehouse)
    _load(warehouse, last)
    build = run_nightly(warehouse)
    with warehouse.connect_writer() as connection:
        rows, size = connection.execute(COST).fetchone() or (0, 0)
        (count,) = connection.execute("select count(*) from raw.portfolios").fetchone() or (0,)
    return Night(count, build.command.seconds, rows, size)


def _load(warehouse: Warehouse, batches: list[Batch]) -> None:
    with warehouse.connect_writer() as connection:
        load_calendar(connection)
        load_batches(connection, batches)


def _compare_marts(whole: Warehouse, parts: list[Warehouse], nights: list[Night]) -> Comparison:
    rows = symbol_rows = 0
    differences = []
    with ExitStack() as stack:
        connections = [
            stack.enter_context(psycopg.connect(one.analyst_url, autocommit=True)) for one in [whole, *parts]
        ]
        for mart, is_of_portfolios in _marts(whole):
            everything, *some = [_rows(connection, mart) for connection in connections]
            union = [row for part in some for row in part]
            if is_of_portfolios:
                rows += len(everything)
                found = _difference(mart, everything, union)
            else:
                symbol_rows += len(union)
                found = Difference(mart, 0, len(set(union) - set(everything)))
            if found.missing or found.surplus:
                differences.append(found)
    return Comparison(nights[0], nights[1:], rows, symbol_rows, differences)


def _difference(mart: str, everything: list[str], union: list[str]) -> Difference:
    """As multisets: a portfolio that two parts hold would be surplus."""
    missing, surplus = pd.Series(everything).value_counts(), pd.Series(union).value_counts()
    surplus, missing = surplus.sub(missing, fill_value=0), missing.sub(surplus, fill_value=0)
    return Difference(mart, int(missing.clip(lower=0).sum()), int(surplus.clip(lower=0).sum()))


def _marts(warehouse: Warehouse) -> list[tuple[str, bool]]:
    """The marts that readers see, and whether their rows are of portfolios."""
    manifest = json.loads((dbt_target(warehouse.settings) / "manifest.json").read_text())
    return sorted(
        (node["name"], "portfolio_id" in node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and _is_shown(node) and node["name"] not in OF_THE_WAREHOUSE
    )


def _is_shown(node: dict[str, Any]) -> bool:
    return node["config"]["materialized"] == "mart" and bool(node["config"].get("readers", True))


def _rows(connection: psycopg.Connection[Any], mart: str) -> list[str]:
    """Digests of the rows, every digit of them."""
    query = sql.SQL(ROWS).format(sql.Identifier(mart))
    return [digest for (digest,) in connection.execute(query, [NOT_COMPARED]).fetchall()]
