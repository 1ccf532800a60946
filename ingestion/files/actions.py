"""The file of corporate actions: splits, dividends, renames, mergers and spin-offs, converted to raw rows."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.files.arrow_reader import Column, FileTable, Layout, read_file
from ingestion.files.reference import as_frame, symbol_column, without_repeats
from ingestion.market.price_history import LARGEST_PRICE
from ingestion.market.symbols import LONGEST_SYMBOL, VALID_SYMBOL, normalize_symbol

ACTIONS = Layout(
    (
        Column("symbol", "symbol"),
        Column("ex_date", "date"),
        Column("action"),
        # empty: the action was announced in error and is withdrawn; of a rename new_symbol decides
        Column("value", "number", may_be_empty=True, bound="positive"),
        Column("new_symbol", is_required=False, may_be_empty=True),
        Column("cash", "number", is_required=False, may_be_empty=True, bound="positive"),
        Column("cost_share", "number", is_required=False, may_be_empty=True, bound="not_negative"),
    )
)

NEEDED = {
    "split": (),
    "dividend": (),
    "special_dividend": (),
    "rename": (),
    "cash_merger": (),
    "stock_merger": ("new_symbol",),
    "cash_and_stock_merger": ("new_symbol", "cash"),
    "spin_off": ("new_symbol",),
}
"""The columns besides value that each action cannot do without; value is what it is all about."""

USED = {
    **NEEDED,
    "rename": ("new_symbol",),
    "cash_and_stock_merger": ("new_symbol", "cash", "cost_share"),
    "spin_off": ("new_symbol", "cost_share"),
}
"""The columns besides value that each action may fill."""

LARGEST_RATIO = 10_000.0
"""New shares per old one, and old per new one of a split: as of vendors' splits."""

SMALLEST = 1e-9  # nine decimals are stored

_MERGER_RATIOS = ("stock_merger", "cash_and_stock_merger", "spin_off")
_USD = ("dividend", "special_dividend", "cash_merger")
_DETAILS = ("new_symbol", "cash", "cost_share")
Flags = npt.NDArray[np.bool_]


def read_actions(path: Path) -> pd.DataFrame:
    """Rows for raw.corporate_actions. Ex-dates may be in the future: actions are announced.

    Raises MalformedFileError naming row, column and remedy.
    """
    file = read_file(path, ACTIONS)
    frame = as_frame(file, ["ex_date", "action", "value", *_DETAILS])
    frame["symbol"] = symbol_column(file, "symbol")
    frame["action"] = frame["action"].str.strip().str.lower()
    valid = ", ".join(NEEDED)
    _refuse(
        file, "action", ~frame["action"].isin(list(NEEDED)), f"{{!r}} is not a valid action; write {valid}."
    )
    frame["new_symbol"] = _new_symbols(file, frame)
    _check_details(file, frame)
    _check_sizes(file, frame)
    is_rename = frame["action"] == "rename"
    not_one = is_rename & frame["value"].notna() & (frame["value"] != 1)
    _refuse(file, "value", not_one, "{} is no ratio of a rename; leave the cell empty, or write a merger.")
    frame.loc[is_rename, "value"] = np.where(frame.loc[is_rename, "new_symbol"].notna(), 1.0, np.nan)
    # what is withdrawn has no details, so that it is the same however it is written
    frame.loc[frame["value"].isna(), list(_DETAILS)] = None
    return without_repeats(file, frame, ["symbol", "ex_date", "action"])


def _new_symbols(file: FileTable, frame: pd.DataFrame) -> pd.Series:
    written = frame["new_symbol"].str.strip()
    written = written.mask(written == "")
    symbols = written.map(normalize_symbol, na_action="ignore").astype(object)
    is_valid = symbols.map(
        lambda symbol: bool(VALID_SYMBOL.fullmatch(symbol)) and len(symbol) <= LONGEST_SYMBOL,
        na_action="ignore",
    )
    _refuse(
        file,
        "new_symbol",
        is_valid.eq(other=False),
        "{!r} is not a valid symbol; use only A-Z 0-9 . - _ / ^ =.",
    )
    same = symbols == frame["symbol"].astype(object)
    _refuse(file, "new_symbol", same, "{!r} is the old symbol; write the new one.")
    return symbols.where(symbols.notna(), None)


def _check_details(file: FileTable, frame: pd.DataFrame) -> None:
    is_withdrawn = frame["value"].isna()
    for action, needed in NEEDED.items():
        is_action = frame["action"] == action
        for column in _DETAILS:
            is_given = frame[column].notna()
            if column in needed:
                _refuse(
                    file,
                    column,
                    is_action & ~is_withdrawn & ~is_given,
                    f"is empty, and a {action} needs it; fill it, or empty value to withdraw the action.",
                )
            elif column not in USED[action]:
                _refuse(
                    file,
                    column,
                    is_action & is_given,
                    f"{{!r}} is of no use to a {action}; empty the cell, or correct the action.",
                )
    _refuse(file, "cost_share", frame["cost_share"] > 1, "{} is above 1; write a share between 0 and 1.")
    is_all_or_nothing = (frame["action"] == "spin_off") & frame["cost_share"].isin([0, 1])
    _refuse(
        file, "cost_share", is_all_or_nothing, "{} leaves one of both without cost; write a share between."
    )


def _check_sizes(file: FileTable, frame: pd.DataFrame) -> None:
    """Refuse what no company does: one such value would move every figure of its holders out of range."""
    for actions, smallest, sentence in (
        (
            ("split",),
            1 / LARGEST_RATIO,
            "is not between 1/10,000 and 10,000 new shares per old one",
        ),
        (
            _MERGER_RATIOS,
            SMALLEST,
            "is not a ratio of new shares per old one, at most 10,000",
        ),
    ):
        is_ratio = frame["action"].isin(actions)
        wrong = (frame["value"] < smallest) | (frame["value"] > LARGEST_RATIO)
        _refuse(file, "value", is_ratio & wrong, f"{{}} {sentence}; correct it.")
    is_usd = frame["action"].isin(_USD)
    for column, is_amount in (("value", is_usd), ("cash", frame["cash"].notna())):
        wrong = (frame[column] < SMALLEST) | (frame[column] > LARGEST_PRICE)
        _refuse(file, column, is_amount & wrong, "{} is no amount of USD per share; correct it.")


def _refuse(file: FileTable, column: str, wrong: pd.Series | Flags, sentence: str) -> None:
    """Raise the error of the first wrong row. sentence: with the cell's value where it has braces."""
    rows = np.flatnonzero(np.asarray(wrong, dtype=bool))
    if len(rows):
        index = int(rows[0])
        value = file.table[column][index].as_py()
        raise file.fault(index, column, sentence.format(value), value)
