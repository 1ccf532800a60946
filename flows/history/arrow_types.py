"""Columns of marts as Arrow: what PostgreSQL is asked for, and what a Parquet file holds.

`numeric` has no Arrow type in the driver and is asked for as text, so that no digit is lost on the way.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from flows.errors import HistoryError

WIDTH = 38  # digits of the widest decimal that DuckDB reads
SCALE = 12  # of a numeric column without one
NUMERIC = re.compile(r"numeric(?:\((\d+),(\d+)\))?$")
ZEROS_AT_THE_END = r"(\.[0-9]*[1-9])0+$|\.0+$"
PLAIN = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double precision": pa.float64(),
    "integer": pa.int32(),
    "integer[]": pa.list_(pa.field("element", pa.int32())),
    "text": pa.string(),
    "text[]": pa.list_(pa.field("element", pa.string())),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    "uuid": pa.string(),
    "vector": pa.list_(pa.field("element", pa.float32())),
}
CASTS = {"numeric": "text", "uuid": "text", "vector": "real[]"}


def arrow_type(mart: str, column: str, type_name: str) -> pa.DataType:
    """The type of a column in the file; type_name: as format_type gives it. Raises HistoryError."""
    if number := NUMERIC.match(type_name):
        precision, scale = number.groups()
        return pa.decimal128(int(precision or WIDTH), int(scale or SCALE))
    try:
        return PLAIN[type_name.partition("(")[0]]
    except KeyError:
        raise HistoryError(f"{mart}.{column} has the type {type_name}, which no file can hold yet.") from None


def expression(column: str, type_name: str) -> str:
    """SQL that reads a column, given as a quoted name."""
    cast = CASTS.get(type_name.partition("(")[0])
    return f"{column}::{cast} as {column}" if cast else column


def convert(mart: str, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the types of the schema. Raises HistoryError where a value would lose a digit."""
    columns = [_converted(mart, field, values) for field, values in zip(schema, batch.columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _converted(mart: str, field: pa.Field, values: pa.Array) -> pa.Array:
    try:
        if pa.types.is_decimal(field.type):
            values = pc.replace_substring_regex(values, pattern=ZEROS_AT_THE_END, replacement=r"\1")
        return values.cast(field.type)
    except pa.ArrowInvalid as error:
        raise HistoryError(
            f"{mart}.{field.name} has a value that {field.type} cannot hold without rounding ({error})."
        ) from error
