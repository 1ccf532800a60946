"""Prices, splits, dividends and profiles from Yahoo Finance (source 'yfinance').

Yahoo hands out closes and dividends adjusted for every split up to today, so a download always reaches to
today, and its own splits turn them back into what was traded and paid.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from ingestion.calendar import last_closed_session, sessions
from ingestion.datasets import CORPORATE_ACTIONS, PRICES
from ingestion.loads import Connection, LoadReport, load_transaction, recorded_failure
from ingestion.price_history import prepare_prices, split_factor
from ingestion.symbols import symbols_to_price
from ingestion.yahoo_client import Answers, YahooClient
from ingestion.yahoo_profiles import SOURCE, load_profiles

HISTORY_BEFORE_INCEPTION = timedelta(days=760)  # two years of sessions for the longest windows
OVERLAP = timedelta(days=30)  # asked for again, for late corrections
MOVED_WITHIN = timedelta(days=7)  # a dividend found this near to a known one is that one, moved

_PRICE_COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
}


def load_yahoo(
    connection: Connection,
    symbols: Sequence[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    *,
    client: YahooClient | None = None,
    now: datetime | None = None,
) -> list[LoadReport]:
    """Load prices with splits and dividends, and profiles older than a week.

    symbols: default what needs prices. start: default two years before the first portfolio's inception, for a
    symbol whose history is known a month before its last price. end: default the last session that is over.
    Symbols without an answer are rejected rows; raises SourceUnavailableError when there is none at all.
    """
    client = client or YahooClient()
    last_session = last_closed_session(now)
    last = min(end, last_session) if end else last_session
    wanted = symbols_to_price(connection) if symbols is None else list(symbols)
    reports = []
    for first, group in _starts(connection, wanted, start, last).items():
        with recorded_failure(connection, PRICES.name, source=SOURCE, origin=f"Yahoo Finance from {first}"):
            answers = client.histories(group, first)
        reports += _load_histories(connection, answers, first, last, last_session)
    return reports + load_profiles(connection, client, wanted, last)


# --- prices, splits, dividends ---------------------------------------------------------------------------


def _load_histories(
    connection: Connection, answers: Answers, first: date, last: date, last_session: date
) -> list[LoadReport]:
    quotes, splits, dividends = read_histories(answers.found)
    prepared = prepare_prices(
        quotes,
        sessions=sessions(),
        last_session=np.datetime64(last_session, "D"),
        splits=splits.rename(columns={"value": "ratio"}),
    )
    rejections = answers.rejections()
    rejections.add_frame(prepared.rejected)
    rows = prepared.rows[prepared.rows["price_date"] <= pd.Timestamp(last)]
    actions = pd.concat([splits.assign(action="split"), dividends.assign(action="dividend")])
    actions = actions[actions["ex_date"] <= pd.Timestamp(last)]
    origin = f"Yahoo Finance, {len(answers.found)} symbols from {first}"
    with load_transaction(connection, PRICES.name, source=SOURCE, origin=origin) as load:
        moved = _moved_dividends(connection, actions)
        return [
            load.rows(CORPORATE_ACTIONS, pd.concat([actions, moved], ignore_index=True)),
            load.rows(PRICES, rows, rejected=rejections),
        ]


def read_histories(
    histories: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Yfinance's frames by symbol as (quotes for price_history, splits, dividends).

    splits, dividends: symbol, ex_date, value; dividends in USD per share as paid, before later splits.
    """
    quotes, splits, dividends = [], [], []
    for symbol, rows in sorted(histories.items()):
        dates = pd.DatetimeIndex(rows.index).normalize()
        table = rows.set_axis(dates).rename(columns=_PRICE_COLUMNS).assign(symbol=symbol)
        gains = (
            table["Capital Gains"].fillna(0) if "Capital Gains" in table else 0 * table["Dividends"].fillna(0)
        )
        # Yahoo counts a fund's capital gains twice in the adjusted close: that day's return is left to be
        # computed from the close and what was paid
        table.loc[gains > 0, "adj_close"] = np.nan
        quotes.append(table[["symbol", *_PRICE_COLUMNS.values()]][table["close"].notna()])
        splits.append(_events(table, table["Stock Splits"].replace(1, 0)))
        dividends.append(_events(table, _paid(table["Dividends"].fillna(0), gains)))
    all_splits = _together(splits, ["symbol", "ex_date", "value"])
    all_dividends = _together(dividends, ["symbol", "ex_date", "value"])
    factor = split_factor(
        all_dividends["symbol"], all_dividends["ex_date"], all_splits.rename(columns={"value": "ratio"})
    )
    all_quotes = _together(
        [frame.rename_axis("price_date").reset_index() for frame in quotes],
        ["price_date", "symbol", *_PRICE_COLUMNS.values()],
    )
    return all_quotes, all_splits, all_dividends.assign(value=all_dividends["value"] * factor)


def _paid(dividends: pd.Series, gains: pd.Series) -> pd.Series:
    """What a share was paid: Yahoo's dividend holds the capital gain as a rule, but not always."""
    return dividends.where(dividends >= gains, dividends + gains)


def _events(table: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    happened = values.notna() & (values > 0)
    return pd.DataFrame(
        {"symbol": table["symbol"][happened], "ex_date": table.index[happened], "value": values[happened]}
    )


def _together(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    present = [frame for frame in frames if not frame.empty]
    if present:
        return pd.concat(present, ignore_index=True)
    empty = pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    dates = [name for name in columns if name.endswith("date")]
    return empty.astype({"symbol": "str", **dict.fromkeys(dates, "datetime64[s]")})


def _moved_dividends(connection: Connection, actions: pd.DataFrame) -> pd.DataFrame:
    """Known dividends that Yahoo now dates some days away, to be withdrawn: they would be paid twice.

    One that is merely missing from an answer stays: Yahoo forgets events for a day now and then.
    """
    dividends = actions[actions["action"] == "dividend"]
    rows = connection.execute(
        "select distinct on (symbol, ex_date) symbol, ex_date, value from raw.corporate_actions "
        "where action = 'dividend' and source = %s and symbol = any(%s) "
        "order by symbol, ex_date, load_id desc",
        [SOURCE, sorted(set(dividends["symbol"]))],
    ).fetchall()
    known = {(symbol, ex_date) for symbol, ex_date, value in rows if value is not None}
    told = {
        (str(symbol), day.date())
        for symbol, day in zip(dividends["symbol"], dividends["ex_date"], strict=True)
    }
    new = told - known
    moved = [
        (symbol, day)
        for symbol, day in sorted(known - told)
        if any(other == symbol and abs(new_day - day) <= MOVED_WITHIN for other, new_day in new)
    ]
    return pd.DataFrame(
        {
            "symbol": [symbol for symbol, _ in moved],
            "ex_date": pd.to_datetime([day for _, day in moved]),
            "action": "dividend",
            "value": np.nan,
        }
    )


def _starts(
    connection: Connection, symbols: Sequence[str], start: date | None, last: date
) -> dict[date, list[str]]:
    """From when to ask for which symbols."""
    if not symbols:
        return {}
    if start is not None:
        return {start: list(symbols)}
    with connection.transaction():
        row = connection.execute("select min(inception_date) from raw.portfolios").fetchone()
        known = connection.execute(
            "select symbol, min(price_date), max(price_date) from raw.prices "
            "where source <> 'simulated' and symbol = any(%s) group by symbol",
            [list(symbols)],
        ).fetchall()
    inception: date = (row[0] if row else None) or last
    needed = inception - HISTORY_BEFORE_INCEPTION
    reaching = {symbol: last for symbol, first, last in known if first <= needed + OVERLAP}
    newest = max(reaching.values(), default=needed)
    current = [symbol for symbol in symbols if reaching.get(symbol, date.min) >= newest - OVERLAP]
    others = [symbol for symbol in symbols if symbol not in current]
    groups: dict[date, list[str]] = {}
    recent = min((reaching[symbol] for symbol in current), default=newest) - OVERLAP
    for first, group in ((needed, others), (recent, current)):
        if group:
            groups.setdefault(first, []).extend(group)
    return groups
