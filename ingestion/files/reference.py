"""Files of Treasury rates and option quotes, converted to raw rows.

Each reader returns the frame for its raw table, or raises MalformedFileError.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from ingestion.errors import MalformedFileError
from ingestion.files.arrow_reader import (
    Column,
    FileTable,
    Layout,
    check_not_future,
    normalized_symbols,
    read_file,
)
from ingestion.market.occ import occ_root

RATES = Layout((Column("date", "date"), Column("series"), Column("value", "number", may_be_empty=True)))

OPTION_CHAIN = Layout(
    (
        Column("quote_date", "date"),
        Column("underlying", "symbol"),
        Column("expiration_date", "date"),
        Column("option_type"),
        Column("strike_price", "number", bound="positive"),
        Column("bid", "number", is_required=False, bound="not_negative"),
        Column("ask", "number", is_required=False, bound="not_negative"),
        Column("last", "number", is_required=False, bound="not_negative"),
        Column("volume", "number", is_required=False, bound="not_negative"),
        Column("open_interest", "number", is_required=False, bound="not_negative"),
        Column("implied_volatility", "number", is_required=False, bound="not_negative"),
    ),
    # outputs of the vendors' models: we compute our own
    ignored=frozenset(
        {"underlying_price", "theoretical_price", "delta", "gamma", "theta", "vega", "rho", "symbol"}
    ),
)


def read_rates(path: Path, *, today: date) -> pd.DataFrame:
    """Rows for raw.treasury_rates, percent per year. A day without a value (bond holiday) is skipped."""
    file = read_file(path, RATES)
    check_not_future(file, "date", today)
    frame = as_frame(file, ["date", "series", "value"])
    frame["series"] = frame["series"].str.strip().str.upper()
    frame = frame.rename(columns={"date": "rate_date", "value": "rate_pct"}).dropna(subset=["rate_pct"])
    return without_repeats(file, frame, ["series", "rate_date"])


def read_option_chain(path: Path, *, today: date) -> pd.DataFrame:
    """Rows for raw.option_quotes, the symbol built from the contract's terms."""
    file = read_file(path, OPTION_CHAIN)
    check_not_future(file, "quote_date", today)
    names = [column.name for column in OPTION_CHAIN.columns if column.name != "underlying"]
    frame = as_frame(file, names)
    frame["underlying_symbol"] = symbol_column(file, "underlying")
    frame["option_type"] = _option_types(file, frame["option_type"])
    frame["symbol"] = _occ_symbols(file, frame)
    return without_repeats(file, frame, ["symbol", "quote_date"])


# --- columns ---------------------------------------------------------------------------------------------


def as_frame(file: FileTable, names: list[str]) -> pd.DataFrame:
    """These columns of the file; the index is the row."""
    frame: pd.DataFrame = file.table.select(names).to_pandas()
    return frame


def symbol_column(file: FileTable, column: str) -> pd.Categorical:
    """The column's normalized symbols."""
    symbols, codes = normalized_symbols(file, column)
    return pd.Categorical.from_codes(codes, categories=pd.Index(symbols, dtype="str"))


def without_repeats(file: FileTable, frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The frame without duplicate rows; its index is the row of the file.

    Raises MalformedFileError naming two rows with the same key and different values.
    """
    once = frame[~frame.duplicated()]
    conflicts = np.flatnonzero(once.duplicated(keys))
    if not len(conflicts):
        return once
    second = once.iloc[conflicts[0]]
    same = np.logical_and.reduce([(once[key] == second[key]).to_numpy() for key in keys])
    rows = file.row_numbers(once.index[same].to_numpy(dtype=np.int64)[:2])
    key_values = ", ".join(str(second[key]) for key in keys)
    raise MalformedFileError(
        file.path,
        f"the rows {rows[0]} and {rows[1]} contradict each other for {key_values}; remove the wrong one.",
        row=int(rows[1]),
    )


def _option_types(file: FileTable, written: pd.Series) -> pd.Series:
    types = written.str.strip().str.upper().map({"CALL": "CALL", "C": "CALL", "PUT": "PUT", "P": "PUT"})
    wrong = np.flatnonzero(types.isna())
    if len(wrong):
        value = written.iloc[int(wrong[0])]
        raise file.fault(
            int(wrong[0]), "option_type", f"{value!r} is not a valid option type; write call or put.", value
        )
    return types


def _occ_symbols(file: FileTable, frame: pd.DataFrame) -> pd.Series:
    """Option symbols of all rows at once; see occ.build_occ for the form."""
    thousandths = (frame["strike_price"] * 1000).round()
    is_whole = (frame["strike_price"] * 1000 - thousandths).abs() < 1e-6  # noqa: PLR2004 - of a thousandth
    wrong = np.flatnonzero(~is_whole | (thousandths >= 10**8))
    if len(wrong):
        value = frame["strike_price"].iloc[int(wrong[0])]
        raise file.fault(
            int(wrong[0]),
            "strike_price",
            f"{value} has no option symbol; strikes are below 100,000 with at most three decimals.",
            value,
        )
    roots = frame["underlying_symbol"].map(occ_root).astype("str")
    days = pd.to_datetime(frame["expiration_date"]).dt.strftime("%y%m%d")
    strikes = thousandths.astype("int64").astype("str").str.zfill(8)
    return roots + days + frame["option_type"].str[0] + strikes
