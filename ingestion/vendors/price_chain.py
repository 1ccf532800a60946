"""Prices, splits and dividends from one vendor after the other, each asked for what is still missing.

Every answer is checked before its rows are stored: currency, closes that contradict known ones, missing
sessions, age. Invalid prices are rejected row by row (price_history). Symbols are loaded in batches, so that
a killed run keeps what it has; each batch of each vendor is one load with that vendor as its source.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ingestion.errors import SourceUnavailableError
from ingestion.market.calendar import sessions
from ingestion.market.price_history import prepare_prices
from ingestion.raw.datasets import CORPORATE_ACTIONS, PRICES
from ingestion.raw.loads import Connection, LoadReport, load_transaction, recorded_failure
from ingestion.raw.rejections import Rejections
from ingestion.vendors.planning import sessions_before, still_lacking
from ingestion.vendors.protocol import (
    QUOTE_COLUMNS,
    Answers,
    GivesPrices,
    History,
    Missing,
    Vendor,
)
from ingestion.vendors.ranking import better_sources, reconciled_events, without_better_known

logger = logging.getLogger(__name__)

BATCH = 200  # symbols per load
STALE_SESSIONS = 5
COMPARED_SESSIONS = 30
# If the median ratio of at least three sessions exceeds this factor, the answer is not a correction: it has
# another unit, an unknown split or another company.
FEWEST_COMPARED, LARGEST_FACTOR = 3, 1.5


@dataclass(frozen=True)
class Days:
    """last: the last session to load. last_session: the last one that is over. today: in New York."""

    last: date
    last_session: date
    today: date


def load_price_chain(
    connection: Connection,
    vendors: Sequence[GivesPrices],
    wanted: Mapping[str, date],
    days: Days,
    order: Sequence[str],
) -> list[LoadReport]:
    """Request each symbol from its date on, vendor by vendor, and load the answers.

    order: the vendors by precedence, best first. Raises SourceUnavailableError if symbols are missing, no
    vendor gave anything, and a retry may help; loaded rows stay.
    """
    reports: list[LoadReport] = []
    silences: list[str] = []
    has_answer = False
    remaining = dict(wanted)
    for vendor in vendors:
        unanswered = set(remaining)
        for names in batches(list(remaining)):
            batch = {name: remaining[name] for name in names}
            answers = vendor.histories(batch)
            if answers.is_silence:
                silences.append(record_silence(connection, PRICES.name, vendor, answers))
                break  # it is down: do not wait for the other batches
            has_answer |= bool(answers.found)
            better = better_sources(vendor.name, order)
            reports += _load(connection, vendor, answers, days, first=min(batch.values()), better=better)
            unanswered -= answers.found.keys()
        remaining = still_lacking(connection, remaining, unanswered, days.last)
        if not remaining:
            break
    if silences and not has_answer and remaining:
        raise SourceUnavailableError(
            f"{' '.join(silences)} Nothing was loaded; check the network, or try again in an hour if there "
            "were too many requests.",
            reports,
        )
    return reports


def record_silence(connection: Connection, dataset: str, vendor: Vendor, answers: Answers[Any]) -> str:
    """Record a failed load of a vendor that gave nothing, and return its message."""
    key, missing = next(
        (key, missing)
        for key, missing in answers.missing.items()
        if missing.reason in {"unavailable", "garbage"}
    )
    why = missing.detail.split(". See https://", maxsplit=1)[0].rstrip(".")
    sentence = f"{vendor.title} gave no {dataset.replace('_', ' ')}, for {key} because of: {why}."
    with (
        suppress(SourceUnavailableError),
        recorded_failure(connection, dataset, source=vendor.name, origin=vendor.title),
    ):
        raise SourceUnavailableError(sentence)
    logger.warning("%s", sentence)
    return sentence


def batches(symbols: Sequence[str]) -> Iterator[list[str]]:
    """The symbols in lists of BATCH."""
    for begin in range(0, len(symbols), BATCH):
        yield list(symbols[begin : begin + BATCH])


def _load(
    connection: Connection,
    vendor: GivesPrices,
    answers: Answers[History],
    days: Days,
    *,
    first: date,
    better: frozenset[str],
) -> list[LoadReport]:
    """Load one batch of one vendor. Unusable answers are moved from `found` to `missing`."""
    _refuse(answers, _in_other_currencies(answers.found))
    rejections = Rejections()
    rows = _prepared(answers.found, days, rejections)
    _refuse(answers, _contradicting(connection, rows, days))
    _refuse(answers, _without_prices(answers.found, rows))
    rows = rows[rows["symbol"].isin(list(answers.found)) & (rows["price_date"] <= pd.Timestamp(days.last))]
    answers.reject_missing(rejections)
    rejections.add_frame(_holes(rows, days))
    rejections.add_frame(_left_out(answers.found))
    origin = f"{vendor.title}, {len(answers.found)} symbols from {first}"
    with load_transaction(connection, PRICES.name, source=vendor.name, origin=origin) as load:
        actions = reconciled_events(connection, _actions(answers.found, days), better=better)
        rows = without_better_known(
            connection, rows, table=PRICES.table, key="symbol", day="price_date", better=better
        )
        return [load.rows(CORPORATE_ACTIONS, actions), load.rows(PRICES, rows, rejected=rejections)]


def _prepared(found: Mapping[str, History], days: Days, rejections: Rejections) -> pd.DataFrame:
    """The rows for raw.prices; invalid rows are added to `rejections`."""
    quotes = [history.quotes.assign(symbol=symbol) for symbol, history in sorted(found.items())]
    is_adjusted = any(history.is_split_adjusted for history in found.values())
    prepared = prepare_prices(
        together(quotes, ["symbol", *QUOTE_COLUMNS]),
        sessions=sessions(),
        last_session=np.datetime64(days.last_session, "D"),
        splits=_splits(found, days) if is_adjusted else None,
    )
    rejections.add_frame(prepared.rejected)
    return prepared.rows


def _splits(found: Mapping[str, History], days: Days) -> pd.DataFrame:
    """Past splits: a vendor's list may hold announced ones, which its prices do not reflect yet."""
    splits = together(
        [history.splits.assign(symbol=symbol) for symbol, history in sorted(found.items())],
        ["symbol", "ex_date", "ratio"],
    )
    return splits[splits["ex_date"] <= pd.Timestamp(days.today)]


def _actions(found: Mapping[str, History], days: Days) -> pd.DataFrame:
    """symbol, ex_date, action, value of the events up to the last session to load; one row each."""
    frames = []
    for symbol, history in sorted(found.items()):
        splits = history.splits.rename(columns={"ratio": "value"}).assign(action="split")
        dividends = history.dividends.groupby("ex_date", as_index=False)["value"].sum()
        frames += [splits.assign(symbol=symbol), dividends.assign(action="dividend", symbol=symbol)]
    actions = together(frames, ["symbol", "ex_date", "action", "value"])
    actions = actions[actions["ex_date"] <= pd.Timestamp(days.last)]
    return actions.drop_duplicates(["symbol", "ex_date", "action"], keep="last")


def together(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """The concatenated frames with these columns; typed even if empty."""
    present = [frame for frame in frames if not frame.empty]
    if present:
        return pd.concat(present, ignore_index=True)[list(columns)]
    empty = pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    dates = {name: "datetime64[s]" for name in columns if name.endswith("date")}
    texts = {name: "str" for name in columns if name in {"symbol", "action"}}
    return empty.astype({**dates, **texts})


# --- checks of an answer ---------------------------------------------------------------------------------


def _refuse(answers: Answers[History], refused: Mapping[str, Missing]) -> None:
    for symbol, missing in refused.items():
        del answers.found[symbol]
        answers.missing[symbol] = missing


def _in_other_currencies(found: Mapping[str, History]) -> dict[str, Missing]:
    """Symbols not priced in USD; without a currency, a suffix means a foreign exchange."""
    refused = {}
    for symbol, history in found.items():
        if history.currency is None and "." in symbol:
            refused[symbol] = Missing("other_currency", "a foreign listing without a currency")
        elif history.currency not in {None, "USD"}:
            refused[symbol] = Missing("other_currency", f"prices in {history.currency}")
    return refused


def _without_prices(found: Mapping[str, History], rows: pd.DataFrame) -> dict[str, Missing]:
    given = set(rows["symbol"].astype(str))
    return {
        symbol: Missing("no_data", "an answer without a usable price")
        for symbol in found
        if symbol not in given
    }


def _contradicting(connection: Connection, rows: pd.DataFrame, days: Days) -> dict[str, Missing]:
    """Symbols whose recent closes are a multiple of the known ones; their answers are rejected as a whole."""
    if rows.empty:
        return {}
    with connection.transaction():
        cursor = connection.execute(
            "select distinct on (symbol, price_date) symbol, price_date, close::float8 from raw.prices "
            "where symbol = any(%s) and price_date >= %s and source <> 'simulated' "
            "order by symbol, price_date, load_id desc",
            [sorted(set(rows["symbol"])), sessions_before(days.last, COMPARED_SESSIONS)],
        )
        known = pd.DataFrame(cursor.fetchall(), columns=["symbol", "price_date", "known"])
    known["price_date"] = pd.to_datetime(known["price_date"]).astype("datetime64[s]")
    given = rows[["symbol", "price_date", "close"]].astype({"symbol": "str", "price_date": "datetime64[s]"})
    both = given.merge(known.astype({"symbol": "str", "known": "float64"}), on=["symbol", "price_date"])
    ratios = (both["close"] / both["known"]).groupby(both["symbol"]).agg(["median", "size"])
    far = (ratios["median"] > LARGEST_FACTOR) | (ratios["median"] < 1 / LARGEST_FACTOR)
    wrong = ratios[far & (ratios["size"] >= FEWEST_COMPARED)]
    return {
        str(symbol): Missing(
            "contradicts_known", f"closes are {median:.4g} times the known ones on {count} sessions"
        )
        for symbol, median, count in zip(wrong.index, wrong["median"], wrong["size"], strict=True)
    }


def _holes(rows: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Reason and detail for each symbol whose answer ends early or lacks sessions; its rows are kept."""
    expected = sessions(end=days.last)
    noted = []
    for symbol, dates in rows.groupby("symbol", observed=True)["price_date"]:
        given = dates.to_numpy().astype("datetime64[D]")
        wanted = expected[np.searchsorted(expected, given.min()) :]
        missing = np.setdiff1d(wanted, given)
        age = len(wanted) - 1 - int(np.searchsorted(wanted, given.max()))
        if age > STALE_SESSIONS:
            noted.append(("stale", f"{symbol}: the newest row is of {given.max()}, {age} sessions back"))
        elif len(missing):
            noted.append(
                (
                    "partial",
                    f"{symbol}: {len(missing)} of {len(wanted)} sessions missing, first {missing[0]}",
                )
            )
    return pd.DataFrame(noted, columns=["reason", "detail"])


def _left_out(found: Mapping[str, History]) -> pd.DataFrame:
    noted = [
        (reason, f"{symbol}: {detail}")
        for symbol, history in found.items()
        for reason, detail in history.left_out
    ]
    return pd.DataFrame(noted, columns=["reason", "detail"])
