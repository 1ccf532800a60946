"""Missing profiles and those older than a week, from one vendor after the other; failures stop no run."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ingestion.errors import LoadFailedError
from ingestion.raw.datasets import COMPANY_PROFILES
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.raw.rejections import Rejections
from ingestion.vendors.price_chain import batches, record_silence
from ingestion.vendors.protocol import Answers, GivesProfiles

logger = logging.getLogger(__name__)

PROFILE_AGE = timedelta(days=7)  # profiles change slowly


def load_profile_chain(
    connection: Connection,
    vendors: Sequence[GivesProfiles],
    symbols: Sequence[str],
    today: date,
    order: Sequence[str],
) -> list[LoadReport]:
    """Load the profiles that no vendor of `order` has given within a week; unknown symbols are rejected rows.

    Raises only if the connection is lost: risk can be computed with last week's sectors.
    """
    reports: list[LoadReport] = []
    remaining = _stale(connection, symbols, today, order)
    for vendor in vendors:
        found: set[str] = set()
        for batch in batches(remaining):
            answers = vendor.profiles(batch, today)
            if answers.is_silence:
                record_silence(connection, COMPANY_PROFILES.name, vendor, answers)
                break
            found |= answers.found.keys()
            reports += _load(connection, vendor, answers)
        remaining = [symbol for symbol in remaining if symbol not in found]
        if not remaining:
            break
    return reports


def _load(
    connection: Connection, vendor: GivesProfiles, answers: Answers[dict[str, Any]]
) -> list[LoadReport]:
    """Load one batch; no report if the database refuses it, which is recorded as a failed load."""
    rejections = Rejections()
    answers.reject_missing(rejections)
    frame = pd.DataFrame([answers.found[symbol] for symbol in sorted(answers.found)], dtype=object)
    origin = f"{vendor.title}, {len(frame)} profiles"
    try:
        with load_transaction(connection, COMPANY_PROFILES.name, source=vendor.name, origin=origin) as load:
            return [load.rows(COMPANY_PROFILES, frame, rejected=rejections)]
    except LoadFailedError as error:
        if connection.broken:
            raise
        logger.warning("%s", error)
        return []


def _stale(connection: Connection, symbols: Sequence[str], today: date, order: Sequence[str]) -> list[str]:
    """The symbols without a profile from any vendor within a week."""
    with connection.transaction():
        rows = connection.execute(
            "select symbol from raw.company_profiles where source = any(%s) and profile_date > %s",
            [list(order), today - PROFILE_AGE],
        ).fetchall()
    fresh = {row[0] for row in rows}
    return [symbol for symbol in symbols if symbol not in fresh]
