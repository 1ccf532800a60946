"""Rows that a load rejected, each with its reason."""

from collections import Counter
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
from psycopg import sql

from ingestion.raw.copying import copy_tables

REASONS = {
    "not_a_session": "on days that are not NYSE sessions",
    "outside_calendar": "before the calendar begins or after it ends",
    "session_not_over": "of a session that was not over when the vendor was asked",
    "no_close": "without a close",
    "not_a_price": "with a price that is zero, negative, infinite or implausibly large",
    "future_date": "dated in the future",
    "repeated_row": "that repeat another row of the same load",
    "conflicting_row": "that contradict a later row of the same answer",
    "no_data": "for symbols without data at the source",
    "unavailable": "for symbols for which the source gave no answer",
    "not_entitled": "for symbols that the plan of the source's key does not cover",
    "garbage": "for symbols for which the source gave an unreadable answer",
    "other_currency": "for symbols that the source prices or pays in a currency other than USD",
    "contradicts_known": "for symbols whose closes are a multiple of the known ones",
    "stale": "for symbols whose newest row is more than a week of sessions old",
    "partial": "for symbols with missing sessions in the answer",
    "not_this_session": "with quotes of another day than the last session",
    "not_a_rate": "with a yield that is not a number or outside the plausible range",
}
"""Reasons and their texts in the sentence 'n rows ... left out.'"""


class Rejections:
    """Collects rejected rows while a source is read; written into ops.rejected_rows with the load."""

    def __init__(self) -> None:
        self._frames: list[pd.DataFrame] = []
        self._reasons: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """The number of rejected rows."""
        return self._reasons.total()

    @property
    def reasons(self) -> dict[str, int]:
        """The number of rows by reason, a key of REASONS."""
        return dict(self._reasons)

    def add(self, reason: str, detail: str, row_number: int | None = None) -> None:
        """Reject one row. row_number: its line, if it comes from a file."""
        self.add_frame(pd.DataFrame({"reason": [reason], "detail": [detail], "row_number": [row_number]}))

    def add_frame(self, frame: pd.DataFrame) -> None:
        """Reject the rows of a frame with the columns reason, detail and optionally row_number."""
        if frame.empty:
            return
        self._frames.append(frame)
        self._reasons.update(frame["reason"].tolist())

    def frame(self) -> pd.DataFrame:
        """All rejected rows: row_number, reason, detail."""
        columns = ["row_number", "reason", "detail"]
        if not self._frames:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
        return pd.concat(self._frames, ignore_index=True).reindex(columns=columns)

    def summary(self) -> list[str]:
        """A sentence per reason."""
        return [
            f"{count:,} row{'s' if count > 1 else ''} {REASONS.get(reason, reason)} left out."
            for reason, count in sorted(self._reasons.items())
        ]

    def write(self, connection: psycopg.Connection[tuple[Any, ...]], load_id: int) -> None:
        """COPY the rejected rows into ops.rejected_rows, inside the caller's transaction."""
        if not self._frames:
            return
        frame = self.frame()
        frame["row_number"] = frame["row_number"].astype("Int64")
        frame["load_id"] = load_id
        table = pa.Table.from_pandas(frame, preserve_index=False)
        copy_tables(connection, sql.Identifier("ops", "rejected_rows"), [table])
