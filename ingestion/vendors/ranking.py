"""Source precedence when two sources cover one date.

Files loaded by a user come first, then the vendors in the order of the settings. A source never replaces the
price of a better one; it only fills the days that the better one lacks. So two vendors that differ in the
fourth digit do not alternate, and a good price is not lost to a worse source.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import pandas as pd

from ingestion.raw.loads import Connection

FILES = "files"
SAME_EVENT_WITHIN = timedelta(days=3)  # two sources may date the same event this far apart
# an event this close to a known one is the same event, moved; some funds pay weekly
MOVED_WITHIN = timedelta(days=5)

Event = tuple[str, str, date]  # symbol, action, ex-date

_BETTER_DAYS = """
select distinct on ({key}, {day}) {key}, {day}, source
from {table}
where {key} = any(%s) and {day} >= %s and source <> 'simulated'
order by {key}, {day}, load_id desc
"""
_KNOWN_EVENTS = """
select symbol, ex_date, action, source
from (
    select distinct on (symbol, ex_date, action) symbol, ex_date, action, source, value
    from raw.corporate_actions
    where symbol = any(%s) and source <> 'simulated'
    order by symbol, ex_date, action, load_id desc
) as newest
where value is not null
"""


def better_sources(source: str, order: Sequence[str]) -> frozenset[str]:
    """The sources with precedence over `source`. order: the vendors, best first."""
    vendors = order[: order.index(source)] if source in order else order
    return frozenset({FILES, *vendors} - {source})


def without_better_known(
    connection: Connection, frame: pd.DataFrame, *, table: str, key: str, day: str, better: frozenset[str]
) -> pd.DataFrame:
    """The rows of days that no better source has. table: raw.prices or raw.treasury_rates."""
    if frame.empty:
        return frame
    first = frame[day].min().date()
    query = _BETTER_DAYS.format(table=table, key=key, day=day)
    rows = connection.execute(query, [sorted(set(frame[key])), first]).fetchall()
    known = {(name, when) for name, when, source in rows if source in better}
    keep = [
        (name, when.date()) not in known
        for name, when in zip(frame[key].astype(str), frame[day], strict=True)
    ]
    return frame[keep]


def reconciled_events(
    connection: Connection, events: pd.DataFrame, *, better: frozenset[str]
) -> pd.DataFrame:
    """Splits and dividends (symbol, ex_date, action, value) reconciled with the known ones.

    Events that a better source has, possibly on a nearby day, are dropped. Known events of this or a worse
    source that this source now dates some days away are added without a value, which withdraws them;
    otherwise they would count twice. Events that are merely missing from an answer stay, because vendors
    sometimes omit events for a day.
    """
    rows = connection.execute(_KNOWN_EVENTS, [sorted(set(events["symbol"]))]).fetchall()
    reported = [
        (str(symbol), action, when.date())
        for symbol, action, when in zip(events["symbol"], events["action"], events["ex_date"], strict=True)
    ]
    theirs = _dates((symbol, action, when) for symbol, when, action, source in rows if source in better)
    keep = [_distance(event, theirs) > SAME_EVENT_WITHIN for event in reported]
    kept = {event for event, is_kept in zip(reported, keep, strict=True) if is_kept}
    ours = {(symbol, action, when) for symbol, when, action, source in rows if source not in better}
    new = _dates(kept - ours)
    moved = sorted(event for event in ours - kept if _distance(event, new) <= MOVED_WITHIN)
    withdrawn = pd.DataFrame(
        {
            "symbol": [symbol for symbol, _, _ in moved],
            "ex_date": pd.to_datetime([when for _, _, when in moved]).as_unit("s"),
            "action": [action for _, action, _ in moved],
            "value": pd.Series([float("nan")] * len(moved), dtype="float64"),
        }
    )
    return pd.concat([events[keep], withdrawn], ignore_index=True)


def _dates(events: Iterable[Event]) -> dict[tuple[str, str], list[date]]:
    """The dates of events by symbol and kind."""
    dates: dict[tuple[str, str], list[date]] = {}
    for symbol, action, when in events:
        dates.setdefault((symbol, action), []).append(when)
    return dates


def _distance(event: Event, others: Mapping[tuple[str, str], Sequence[date]]) -> timedelta:
    """The time to the nearest other event of the same symbol and kind."""
    symbol, action, when = event
    return min((abs(when - other) for other in others.get((symbol, action), ())), default=timedelta.max)
