"""Whose word counts where two sources speak of the same day.

What a person loaded from files counts most, then the vendors in the order of the settings. A source never
takes the place of a better one's price: it fills the days that the better one does not have. So two vendors
that differ in the fourth digit do not take turns, and a price once good is not lost to a worse source.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import pandas as pd

from ingestion.raw.loads import Connection

FILES = "files"
SAME_EVENT_WITHIN = timedelta(days=3)  # two sources date one dividend or split that far apart
# an event found this near to a known one is that one, moved; some pay weekly
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
    """The sources whose word counts more than that of `source`. order: the vendors, the best first."""
    vendors = order[: order.index(source)] if source in order else order
    return frozenset({FILES, *vendors} - {source})


def without_better_known(
    connection: Connection, frame: pd.DataFrame, *, table: str, key: str, day: str, better: frozenset[str]
) -> pd.DataFrame:
    """The rows whose day is not known from a better source. table: raw.prices or raw.treasury_rates."""
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
    """Splits and dividends (symbol, ex_date, action, value) held against those that are known.

    Left out are those of which a better source knows, maybe on a day nearby. Added, with no value, are known
    ones of this or a worse source that this one now dates some days away: they are withdrawn, or they would
    count twice. One that is merely missing from an answer stays: vendors forget events for a day now and
    then.
    """
    rows = connection.execute(_KNOWN_EVENTS, [sorted(set(events["symbol"]))]).fetchall()
    told = [
        (str(symbol), action, when.date())
        for symbol, action, when in zip(events["symbol"], events["action"], events["ex_date"], strict=True)
    ]
    theirs = _dates((symbol, action, when) for symbol, when, action, source in rows if source in better)
    keep = [_distance(event, theirs) > SAME_EVENT_WITHIN for event in told]
    kept = {event for event, is_kept in zip(told, keep, strict=True) if is_kept}
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
    """How far away the nearest other event of the same symbol and kind is."""
    symbol, action, when = event
    return min((abs(when - other) for other in others.get((symbol, action), ())), default=timedelta.max)
