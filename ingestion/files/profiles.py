"""Files of company profiles. Fields without a column in the warehouse go into `details`."""

import json
import math
from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.files.arrow_reader import Column, FileTable, Layout, read_file
from ingestion.files.reference import as_frame, symbol_column, without_repeats
from warehouse.method import sector_names

_PROFILE_TEXTS = ("name", "security_type", "sector", "industry", "exchange", "country", "currency")
LAYOUT = Layout(
    (
        Column("symbol", "symbol"),
        *(Column(name, is_required=False) for name in _PROFILE_TEXTS),
        Column("company_name", is_required=False),
        Column("market_cap", "number", is_required=False, bound="not_negative"),
        # percent per year in the file, as at Yahoo and most vendors; decimal in the warehouse
        Column("dividend_yield", "number", is_required=False, bound="not_negative"),
        Column("profile_date", is_required=False),
        Column("last_updated", is_required=False),
    ),
    ignored=frozenset({"data_source"}),
    keeps_others=True,
    has_long_texts=True,
)

SECURITY_TYPES = ("STOCK", "ETF", "MUTUAL_FUND", "INDEX", "BOND", "CASH")
_UNKNOWN = frozenset({"", "unknown", "n/a", "none"})


def read_profiles(path: Path, *, today: date) -> pd.DataFrame:
    """Rows for raw.company_profiles; unknown columns go into `details`."""
    file = read_file(path, LAYOUT)
    known = {column.name for column in LAYOUT.columns}
    extra = [name for name in file.table.column_names if name not in known]
    frame = as_frame(file, [*_PROFILE_TEXTS, "company_name", "market_cap", "dividend_yield"])
    frame["symbol"] = symbol_column(file, "symbol")
    for name in (*_PROFILE_TEXTS, "company_name"):
        frame[name] = [_text(value) for value in frame[name]]
    frame["sector"] = [_sector(stated) for stated in frame["sector"]]
    frame["name"] = frame["name"].where(frame["name"].notna(), frame.pop("company_name"))
    frame["dividend_yield"] = frame["dividend_yield"] / 100
    details = as_frame(file, extra).to_dict("records")
    frame["security_type"] = [
        _security_type(file, index, stated, detail)
        for index, (stated, detail) in enumerate(zip(frame["security_type"], details, strict=True))
    ]
    frame["profile_date"] = _profile_dates(file, today)
    frame["details"] = [_json(detail) for detail in details]
    return without_repeats(file, frame, ["symbol"])


def _text(value: object) -> str | None:
    text = str(value).strip() if isinstance(value, str) else ""
    return None if text.lower() in _UNKNOWN else text


def _sector(stated: object) -> str | None:
    """The sector by the name that the sectors of benchmarks have, also where the file has that of GICS."""
    return sector_names().get(stated.lower(), stated) if isinstance(stated, str) else None


def _security_type(file: FileTable, index: int, stated: object, detail: Mapping[Hashable, Any]) -> str | None:
    """The stated type, else the one that is_etf and is_fund imply; None when all are empty."""
    if isinstance(stated, str):
        name = stated.upper().replace(" ", "_")
        if name not in SECURITY_TYPES:
            raise file.fault(
                index,
                "security_type",
                f"{stated!r} is unknown; write one of {', '.join(SECURITY_TYPES)}.",
                stated,
            )
        return name
    flags = [_typed("is_", detail.get(name)) for name in ("is_etf", "is_fund")]
    if flags == [None, None]:
        return None
    return "ETF" if flags[0] else "MUTUAL_FUND" if flags[1] else "STOCK"


def _profile_dates(file: FileTable, today: date) -> list[date]:
    """The row's profile_date, else the day of its last_updated, else today."""
    days = []
    for index in range(file.table.num_rows):
        stated = file.table["profile_date"][index].as_py() or file.table["last_updated"][index].as_py()
        try:
            day = date.fromisoformat(stated.strip()[:10]) if stated else today
        except ValueError as error:
            raise file.fault(
                index, "profile_date", f"{stated!r} is not a date; write it as YYYY-MM-DD.", stated
            ) from error
        if day > today:
            raise file.fault(index, "profile_date", f"{day} lies in the future; correct the date.", stated)
        days.append(day)
    return days


def _json(detail: Mapping[Hashable, Any]) -> str:
    typed = {name: _typed(str(name), value) for name, value in detail.items()}
    return json.dumps({name: value for name, value in typed.items() if value is not None}, sort_keys=True)


def _typed(name: str, value: object) -> bool | float | int | str | None:
    """A detail as a flag, a number or text; None when it is empty or not finite."""
    text = _text(value)
    if text is None:
        return None
    if name.startswith("is_"):
        return text.lower() in {"t", "true", "1", "y", "yes"}
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and "." not in text else number
