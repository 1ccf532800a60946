"""Stream Arrow tables into PostgreSQL's COPY: while the server reads one block, the next is prepared."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv as arrow_csv

T = TypeVar("T")

_CSV = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")


def copy_tables(
    connection: psycopg.Connection[tuple[Any, ...]],
    target: sql.Identifier,
    tables: Iterable[pa.Table],
    marks: Mapping[str, object] | None = None,
) -> int:
    """COPY the tables, all with the same columns, into `target`; return the number of rows.

    marks: columns with the same value in every row. Text may hold any character but NUL.
    """
    marks, stream = marks or {}, iter(tables)
    first = next(stream, None)
    if first is None:
        return 0
    names = [*first.column_names, *marks]
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    count = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for rows, block in _one_ahead(_blocks(first, stream, marks)):
            copy.write(block)
            count += rows
    return count


def _blocks(
    first: pa.Table, others: Iterator[pa.Table], marks: Mapping[str, object]
) -> Iterator[tuple[int, memoryview]]:
    """(rows, CSV) of each table that has rows; releases `first` once it is written."""
    table: pa.Table | None = first
    del first
    while table is not None:
        if table.num_rows:
            yield table.num_rows, _csv_block(table, marks)
        table = next(others, None)


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The items, each prepared in a thread while the previous one is used. Exceptions propagate in order."""
    end = object()
    take = partial(next, items, end)
    with ThreadPoolExecutor(1, thread_name_prefix="copy") as thread:
        made = thread.submit(take)
        while (item := made.result()) is not end:
            made = thread.submit(take)
            yield item


def _csv_block(table: pa.Table, marks: Mapping[str, object]) -> memoryview:
    """The table as CSV without a header: an empty cell is null, a quoted empty cell is an empty text."""
    for name, value in marks.items():
        table = table.append_column(name, pa.repeat(value, table.num_rows))
    block = pa.BufferOutputStream()
    # for an empty chunk Arrow's writer repeats its buffer, so combine the chunks
    arrow_csv.write_csv(table.combine_chunks(), block, write_options=_CSV)
    return memoryview(block.getvalue())
