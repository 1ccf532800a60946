"""Treasury yields from one vendor after the other."""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from ingestion.raw.datasets import TREASURY_RATES
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.raw.rejections import Rejections
from ingestion.vendors.planning import SLACK, history_begins, sessions_before
from ingestion.vendors.price_chain import record_silence, together
from ingestion.vendors.protocol import GivesRates
from ingestion.vendors.ranking import better_sources, without_better_known

SERIES = (*("DGS1MO", "DGS3MO", "DGS6MO", "DGS1", "DGS2", "DGS3", "DGS5", "DGS7", "DGS10", "DGS20", "DGS30"),)
LOWEST, HIGHEST = -5.0, 30.0  # percent; far outside any Treasury yield so far
OLDEST_SESSIONS = 5  # FRED publishes a day later, and nothing on bond market holidays


def load_rate_chain(
    connection: Connection, vendors: Sequence[GivesRates], last: date, order: Sequence[str]
) -> list[LoadReport]:
    """Load the yields of every series from before its last known one; outages are only recorded.

    The next vendor is asked for the series whose newest yield is more than a week of sessions old.
    """
    reports: list[LoadReport] = []
    remaining = list(SERIES)
    for vendor in vendors:
        start = _start(connection, remaining, last)
        answers = vendor.rates(remaining, start)
        if answers.is_silence:
            record_silence(connection, TREASURY_RATES.name, vendor, answers)
            continue
        rejections = Rejections()
        answers.reject_missing(rejections)
        rows = _good_rows(answers.found, last, rejections)
        origin = f"{vendor.title}, {len(answers.found)} series from {start}"
        with load_transaction(connection, TREASURY_RATES.name, source=vendor.name, origin=origin) as load:
            rows = without_better_known(
                connection,
                rows,
                table=TREASURY_RATES.table,
                key="series",
                day="rate_date",
                better=better_sources(vendor.name, order),
            )
            reports.append(load.rows(TREASURY_RATES, rows, rejected=rejections))
        newest = _newest(connection)
        oldest = sessions_before(last, OLDEST_SESSIONS)
        remaining = [series for series in remaining if newest.get(series, date.min) < oldest]
        if not remaining:
            break
    return reports


def _good_rows(found: Mapping[str, pd.DataFrame], last: date, rejections: Rejections) -> pd.DataFrame:
    """series, rate_date, rate_pct up to `last`; implausible yields are added to `rejections`."""
    rows = together(
        [frame.assign(series=series) for series, frame in sorted(found.items())],
        ["series", "rate_date", "rate_pct"],
    ).drop_duplicates(["series", "rate_date"], keep="last")
    rows = rows[rows["rate_date"] <= pd.Timestamp(last)]
    is_good = rows["rate_pct"].between(LOWEST, HIGHEST)
    for series, when, rate in rows[~is_good].itertuples(index=False):
        rejections.add("not_a_rate", f"{series} {when:%Y-%m-%d}: {rate}")
    return rows[is_good]


def _newest(connection: Connection) -> dict[str, date]:
    with connection.transaction():
        return dict(
            connection.execute(
                "select series, max(rate_date) from raw.treasury_rates where source <> 'simulated' "
                "group by series"
            ).fetchall()
        )


def _start(connection: Connection, series: Sequence[str], last: date) -> date:
    """The start date: the whole history if a series lacks it, else a month before the oldest last date."""
    with connection.transaction():
        known = connection.execute(
            "select min(rate_date), max(rate_date) from raw.treasury_rates "
            "where source <> 'simulated' and series = any(%s) group by series",
            [list(series)],
        ).fetchall()
    needed = history_begins(connection, last)
    if len(known) < len(series) or any(first > needed + SLACK for first, _ in known):
        return needed
    oldest: date = min(newest for _, newest in known)
    return oldest - SLACK
