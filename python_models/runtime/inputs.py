"""Inputs of Python models: rows of relations, read as Arrow. Connections are kept for the next model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import pyarrow as pa

_IDLE: dict[str, list[Any]] = {}
"""Idle connections, kept because a new one reads all types of the server, which takes 50 ms."""


@contextmanager
def reading(conninfo: str) -> Iterator[Any]:
    """A connection for one model, reused by the next one unless it failed."""
    idle = _IDLE.setdefault(conninfo, [])
    connection = idle.pop() if idle else adbc.connect(conninfo, autocommit=True)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    idle.append(connection)


def close_connections() -> None:
    """Close the idle connections at the end of a build."""
    for connection in chain.from_iterable(_IDLE.values()):
        connection.close()
    _IDLE.clear()


def batches_of(
    days: Iterable[tuple[date, int]], length: int, enough: int, *, last: date
) -> Iterator[tuple[date, date]]:
    """First and last dates of batches that cover all the days, each given with its number of rows.

    A batch has at most `length` calendar days, or more while it has at most `enough` rows.
    """
    start, end, count = None, date.min, 0
    for day, rows in days:
        if start is not None and (day <= end or count + rows <= enough):
            end, count = max(end, day), count + rows
            continue
        if start is not None:
            yield start, end
        start, end, count = day, min(day + timedelta(days=length - 1), last), rows
    if start is not None:
        yield start, end


class Inputs:
    """A model's inputs: rows of the batch for the relations in by_dates, all rows (cached) for the others."""

    def __init__(self, connection: Any, *, by_dates: frozenset[str]) -> None:
        self._connection = connection
        self._by_dates = by_dates
        self._whole: dict[str, pd.DataFrame] = {}

    def read(self, dates: tuple[date, date], relation: str) -> pd.DataFrame:
        """Rows of a relation; dates: the first and the last of the batch, both included."""
        if relation.rpartition(".")[2].strip('"') in self._by_dates:
            return self._query(
                f"select * from {relation} where as_of_date between date '{dates[0]}' and date '{dates[1]}'"
            )
        if relation not in self._whole:
            self._whole[relation] = self._query(f"select * from {relation}")
        return self._whole[relation].copy(deep=False)  # copy on write: a model may change its copy

    def days(self, window: tuple[date, date], relation: str) -> list[tuple[date, int]]:
        """The dates in the window on which a relation has rows, in order, with the number of rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"select as_of_date, count(*) from {relation}"
                f" where as_of_date between date '{window[0]}' and date '{window[1]}' group by 1 order by 1"
            )
            return [(day, rows) for day, rows in cursor.fetchall()]

    def _query(self, query: str) -> pd.DataFrame:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            table = cursor.fetch_arrow_table()
        frame: pd.DataFrame = _with_text_ids(table).to_pandas(date_as_object=False)
        return frame


def _with_text_ids(table: pa.Table) -> pa.Table:
    """The table with uuids as text. Each distinct uuid is converted once."""
    for position, field in enumerate(table.schema):
        if field.type == pa.uuid():
            coded = (
                pa.chunked_array(
                    [chunk.storage for chunk in table[position].chunks], type=field.type.storage_type
                )
                .combine_chunks()
                .dictionary_encode()
            )
            names = pa.array([str(UUID(bytes=value)) for value in coded.dictionary.to_pylist()], pa.string())
            table = table.set_column(position, field.name, names.take(coded.indices))
    return table
