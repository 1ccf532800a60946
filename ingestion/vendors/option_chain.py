"""Quotes of the option contracts that are held, from one vendor after the other.

Only the fields of a snapshot that belong to the last session are stored: bid and ask by the date of the
quote, last and volume by the date of the trade. Quotes of the day before, or of a session that is not over,
are dropped.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from ingestion.raw.datasets import OPTION_QUOTES
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.raw.rejections import Rejections
from ingestion.vendors.price_chain import record_silence
from ingestion.vendors.protocol import ChainRequest, GivesOptions

LARGEST_PREMIUM = 1e9  # larger numbers are neither prices nor counts of contracts
_NUMBERS = ("bid", "ask", "last", "volume", "open_interest", "implied_volatility")

_HELD = """
select
    underlying_symbol,
    min(expiration_date),
    max(expiration_date),
    min(strike_price)::float8,
    max(strike_price)::float8
from raw.newest_positions
where
    investment_class = 'OPTIONS'
    and expiration_date >= %(last)s
    and coalesce(exit_date > %(last)s, true)
group by underlying_symbol
order by underlying_symbol
"""


def load_option_chain(
    connection: Connection, vendors: Sequence[GivesOptions], last_session: date
) -> list[LoadReport]:
    """Load the quotes of the last session around the contracts that are held.

    An outage is only recorded: a contract without a quote is valued at the model price, and flagged.
    """
    reports: list[LoadReport] = []
    remaining = contracts_held(connection, last_session)
    for vendor in vendors:
        if not remaining:
            break
        answers = vendor.chains(remaining)
        if answers.is_silence:
            record_silence(connection, OPTION_QUOTES.name, vendor, answers)
            continue
        rejections = Rejections()
        answers.reject_missing(rejections)
        usable = _of_session(answers.found, last_session, rejections)
        origin = f"{vendor.title}, chains of {len(usable)} underlyings"
        with load_transaction(connection, OPTION_QUOTES.name, source=vendor.name, origin=origin) as load:
            rows = pd.concat(list(usable.values()), ignore_index=True) if usable else pd.DataFrame()
            reports.append(load.rows(OPTION_QUOTES, rows, rejected=rejections))
        remaining = [request for request in remaining if request.underlying_symbol not in usable]
    return reports


def contracts_held(connection: Connection, last_session: date) -> list[ChainRequest]:
    """One request per underlying of the contracts that are open and not expired on the session."""
    with connection.transaction():
        return [ChainRequest(*row) for row in connection.execute(_HELD, {"last": last_session})]


def _of_session(
    found: Mapping[str, pd.DataFrame], session: date, rejections: Rejections
) -> dict[str, pd.DataFrame]:
    """The columns of raw.option_quotes by underlying; quotes of other days are added to `rejections`."""
    usable = {}
    for underlying, chain in found.items():
        rows = chain.drop_duplicates("symbol", keep="last").assign(quote_date=pd.Timestamp(session))
        for name in _NUMBERS:
            rows[name] = rows[name].where(rows[name].between(0, LARGEST_PREMIUM))
        for names, dated in ((["bid", "ask"], "quoted_on"), (["last", "volume"], "traded_on")):
            rows.loc[rows[dated] != session, names] = np.nan
        is_quoted = rows[["bid", "ask", "last"]].notna().any(axis=1)
        for symbol, quoted_on in rows.loc[~is_quoted, ["symbol", "quoted_on"]].itertuples(index=False):
            rejections.add("not_this_session", f"{symbol}: quoted on {quoted_on or 'an unknown day'}")
        if is_quoted.any():
            usable[underlying] = rows[is_quoted]
    return usable
