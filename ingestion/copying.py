"""Arrow tables handed to PostgreSQL's COPY, block by block."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv as arrow_csv

_CSV = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")


def copy_tables(
    connection: psycopg.Connection[tuple[Any, ...]],
    target: sql.Identifier,
    tables: Iterable[pa.Table],
    marks: Mapping[str, object] | None = None,
) -> int:
    """COPY the tables, all of the same columns, into `target`; answers how many rows.

    marks: columns that have the same value on every row. Text may hold anything but the character of code 0.
    """
    count, marks, stream = 0, marks or {}, iter(tables)
    first = next(stream, None)
    if first is None:
        return 0
    names = [*first.column_names, *marks]
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        table: pa.Table | None = first
        while table is not None:
            if table.num_rows:
                copy.write(_csv_block(table, marks))
                count += table.num_rows
            table = next(stream, None)
    return count


def _csv_block(table: pa.Table, marks: Mapping[str, object]) -> memoryview:
    """The table as CSV without a header: an empty cell is null, a quoted empty one is an empty text."""
    for name, value in marks.items():
        table = table.append_column(name, pa.repeat(value, table.num_rows))
    block = BytesIO()
    # Arrow's writer puts whatever is in its buffer in the place of an empty chunk, so there must be none
    arrow_csv.write_csv(table.combine_chunks(), block, write_options=_CSV)
    return block.getbuffer()
