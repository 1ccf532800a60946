"""What the nights of a week bring: prices on time, late and corrected, a split, and a lot entered late."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ingestion.market.calendar import DaysArray
from ingestion.raw.datasets import PRICES
from tests.benchmarks.generate import Batch, Market, late_lot, market_of

PLAIN = "one more session"
CORRECTED = "the closes of five symbols, three sessions back, corrected by a percent"
MISSING = "ten symbols without a price"
LATE = "their prices, a session late"
SPLIT = "a split, two for one, of five symbols"
LATE_LOT = "a lot entered five sessions late"
NIGHTS = (PLAIN, CORRECTED, MISSING, LATE, SPLIT, LATE_LOT, PLAIN)
WEEK = len(NIGHTS)

MISSED = [f"S{number:03d}" for number in range(20, 30)]
MENDED = [f"S{number:03d}" for number in range(40, 45)]
DIVIDED = [f"S{number:03d}" for number in range(60, 65)]
BACK, ERROR, RATIO = 3, 1.01, 2.0
PRICE_COLUMNS = ["open", "high", "low", "close"]


def batches_of(event: str, market: Market, days: DaysArray, place: int) -> list[Batch]:
    """What is loaded before the build of session `place`, counted from the first of `days`."""
    known, today = days[: place + 1], days[place : place + 1]
    seen = _seen(market, days)
    if event == CORRECTED:
        return market_of(_corrected(seen, days[place - BACK]), known, days[place - BACK : place + 1])
    if event == MISSING:
        return _without(market_of(seen, known, today), MISSED)
    if event == LATE:
        return market_of(seen, known, days[place - 1 : place + 1])
    return market_of(seen, known, today) + (late_lot(known, market) if event == LATE_LOT else [])


def _seen(market: Market, days: DaysArray) -> Market:
    """The market with the split of the week: all its later prices are in new shares."""
    ex_date = days[len(days) - WEEK + NIGHTS.index(SPLIT)].astype("datetime64[s]")
    quotes = market.quotes.copy()
    after = quotes["symbol"].isin(DIVIDED) & (quotes["price_date"] >= ex_date)
    quotes.loc[after, PRICE_COLUMNS] = np.round(quotes.loc[after, PRICE_COLUMNS] / RATIO, 4)
    split = {"symbol": DIVIDED, "ex_date": ex_date, "action": "split", "value": RATIO}
    actions = pd.concat([market.actions, pd.DataFrame(split)], ignore_index=True)
    return replace(market, quotes=quotes, actions=actions)


def _corrected(market: Market, day: np.datetime64) -> Market:
    quotes = market.quotes.copy()
    wrong = quotes["symbol"].isin(MENDED) & (quotes["price_date"] == day.astype("datetime64[s]"))
    quotes.loc[wrong, [*PRICE_COLUMNS, "adj_close"]] *= ERROR
    return replace(market, quotes=quotes)


def _without(batches: list[Batch], symbols: list[str]) -> list[Batch]:
    return [
        (dataset, frame[~frame["symbol"].isin(symbols)] if dataset is PRICES else frame)
        for dataset, frame in batches
    ]
