"""Frames of Python models as Arrow tables of the declared columns, and as CSV for COPY."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

ARROW_TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double precision": pa.float64(),
    "double precision[]": pa.list_(pa.float64()),
    "integer": pa.int32(),
    "integer[]": pa.list_(pa.int32()),
    "text": pa.string(),
    "uuid": pa.string(),
    "vector": pa.list_(pa.float32()),
}


class FrameError(Exception):
    """The frame that a Python model returned does not fit the columns of its yml."""


def frame_to_arrow(frame: pd.DataFrame, columns: dict[str, str], *, model: str) -> pa.Table:
    """The frame as an Arrow table with exactly the declared columns, in their order.

    columns: name -> Postgres type as in the model's yml. NaN and None become null, minus zero becomes zero.
    An infinite number, a missing, an extra or a mistyped column raises FrameError with the column's name.
    """
    missing = [name for name in columns if name not in frame.columns]
    extra = [str(name) for name in frame.columns if name not in columns]
    if missing or extra:
        raise FrameError(
            f"{model} returned a frame whose columns differ from its yml: "
            f"missing {missing or 'none'}, not declared {extra or 'none'}."
        )
    arrays = [_to_arrow(frame[name], name, data_type, model) for name, data_type in columns.items()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def _to_arrow(column: pd.Series[Any], name: str, data_type: str, model: str) -> pa.Array:
    if data_type not in ARROW_TYPES:
        raise FrameError(
            f"{model}.{name} is declared as {data_type!r}; Python models support {', '.join(ARROW_TYPES)}."
        )
    if column.empty:
        column = column.astype(object)  # without rows pandas has made numbers of lists
    try:
        array = pa.Array.from_pandas(column, type=ARROW_TYPES[data_type])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise FrameError(
            f"{model}.{name} is declared as {data_type} but the frame holds {column.dtype}: {error}"
        ) from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if data_type == "vector":
        return _vectors(array, name, model)
    if not data_type.startswith("double precision"):
        return array
    if pa.types.is_list(array.type):
        return pa.ListArray.from_arrays(
            array.offsets, _finite(array.values, name, model), mask=array.is_null()
        )
    return _finite(array, name, model)


def _vectors(array: pa.Array, name: str, model: str) -> pa.Array:
    """Vectors as they are; they have no place for what is unknown. Raises FrameError."""
    values = array.flatten()
    if values.null_count or not pa.compute.all(pa.compute.is_finite(values), min_count=0).as_py():
        raise FrameError(f"{model}.{name} holds a vector with a null, NaN or infinite number.")
    return array


def _finite(array: pa.Array, name: str, model: str) -> pa.Array:
    """Doubles with null for NaN. Raises FrameError for an infinite number."""
    array = pa.compute.if_else(pa.compute.is_nan(array), None, array)
    if pa.compute.any(pa.compute.is_inf(array)).as_py():
        raise FrameError(f"{model}.{name} holds an infinite number; an undefined value must be null.")
    return pa.compute.add(array, 0.0)  # minus zero becomes zero: readers would print its sign


def to_csv(batch: pa.RecordBatch) -> bytes:
    """CSV with quoted strings and unquoted nulls, which COPY reads back exactly."""
    buffer = io.BytesIO()
    for position, field in enumerate(batch.schema):
        if pa.types.is_list(field.type):
            batch = batch.set_column(position, field.name, _array_literals(batch.column(position)))
    pa_csv.write_csv(batch, buffer, pa_csv.WriteOptions(include_header=False))
    return buffer.getvalue()


def _array_literals(arrays: pa.ListArray) -> pa.Array:
    """Arrays of numbers as PostgreSQL literals: {0.5,NULL}, or [0.5,1] for a vector, of single precision."""
    texts = pa.compute.fill_null(arrays.flatten().cast(pa.string()), "NULL")
    starts = pa.compute.subtract(arrays.offsets, arrays.offsets[0])
    joined = pa.compute.binary_join(pa.ListArray.from_arrays(starts, texts), ",")
    start, end = ("[", "]") if arrays.type.value_type == pa.float32() else ("{", "}")
    literals = pa.compute.binary_join_element_wise(start, joined, end, "")
    return pa.compute.if_else(arrays.is_null(), None, literals)
