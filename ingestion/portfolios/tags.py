"""Tags of positions, from a file (tags.csv) or one by one, with their history.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), symbol, tag, effective_date
(default: the portfolio's inception), is_assigned (default yes; no removes the tag from that date on).

A tag may have any name. Ten default tags are always listed. The sector of a symbol and, for options,
`options` are automatic tags: they are derived and never stored.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ingestion.errors import InvalidEntryError
from ingestion.files.csv_reader import read_strictly
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import Holder, Row, check_day, in_force, stored_entries, write_entry
from ingestion.portfolios.portfolios import Directory
from ingestion.raw.datasets import POSITION_TAGS
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.statements.values import LONGEST_TAG

SOURCE = "files"
REQUIRED = ("portfolio_name", "symbol", "tag")
OPTIONAL = ("owner_email", "effective_date", "is_assigned")
DEFAULT_TAGS = (
    *("income", "growth", "defensive", "speculative", "tech"),
    *("finance", "healthcare", "energy", "options", "long-term"),
)
"""Tags that are listed even if no position has them."""

_YES = frozenset({"", "yes", "true", "t", "1"})
_NO = frozenset({"no", "false", "f", "0"})

# Open positions with their automatic tags; the marts derive theirs in int_automatic_tags.
_AUTOMATIC = """
with sectors as (
    select distinct on (symbol) symbol, sector
    from raw.company_profiles where profile_date <= %(day)s order by symbol, profile_date desc, load_id desc
),
open_positions as (
    select positions.* from raw.newest_positions as positions
    join raw.newest_portfolios as portfolios using (portfolio_id)
    where
        coalesce(portfolios.removed_on, 'infinity') > %(day)s
        and entry_date <= %(day)s
        and coalesce(least(exit_date, expiration_date), 'infinity') > %(day)s
)
select position_id, portfolio_id, open_positions.symbol,
    array_remove(array[
        case when investment_class <> 'PRIVATE' then sectors.sector end,
        case when investment_class = 'OPTIONS' then 'options' end
    ], null) as tags
from open_positions
left join sectors on sectors.symbol = coalesce(underlying_symbol, open_positions.symbol)
"""


@dataclass(frozen=True)
class TagCount:
    """A tag and the number of open positions that have it. kind: default, given, automatic."""

    tag: str
    kind: Literal["default", "given", "automatic"]
    portfolios: int
    positions: int


def load_tags(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of tags, all of it or nothing.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, POSITION_TAGS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(POSITION_TAGS, _read(connection, path, today or datetime.now(UTC).date()))


def add_tag(
    connection: Connection,
    holder: Holder,
    symbol: str,
    tag: str,
    *,
    day: date | None = None,
    today: date | None = None,
) -> LoadReport:
    """Tag all positions of a symbol in a portfolio.

    day: the first day (default: the portfolio's inception if the symbol never had the tag, else today).
    Adding a tag that the symbol already has writes no row. Raises InvalidEntryError.
    """
    return _assign(connection, holder, symbol, tag, day=day, today=today, is_assigned=True)


def remove_tag(
    connection: Connection,
    holder: Holder,
    symbol: str,
    tag: str,
    *,
    day: date | None = None,
    today: date | None = None,
) -> LoadReport:
    """Remove a tag from that day on (default: today); earlier days keep it.

    Raises InvalidEntryError if the symbol was never given the tag.
    """
    return _assign(connection, holder, symbol, tag, day=day, today=today, is_assigned=False)


def count_tags(connection: Connection, *, today: date | None = None) -> list[TagCount]:
    """All tags: default, given and automatic ones."""
    day = today or datetime.now(UTC).date()
    given: dict[tuple[Any, ...], set[str]] = {}
    for (portfolio, symbol, tag), row in current_tags(connection, day).items():
        if row["is_assigned"]:
            given.setdefault((portfolio, symbol), set()).add(tag)
    with connection.transaction():
        positions = connection.execute(_AUTOMATIC.encode(), {"day": day}).fetchall()
    holders: dict[str, list[Any]] = {tag: [] for tag in DEFAULT_TAGS}
    by_hand = {tag for tags in given.values() for tag in tags}
    for _, portfolio, symbol, automatic in positions:
        for tag in given.get((portfolio, symbol), set()) | set(automatic):
            holders.setdefault(tag, []).append(portfolio)
    for tag in by_hand:
        holders.setdefault(tag, [])
    return [
        TagCount(tag, _kind(tag, by_hand), len(set(found)), len(found))
        for tag, found in sorted(holders.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def current_tags(
    connection: Connection, day: date, holder: Holder | None = None
) -> dict[tuple[Any, ...], Row]:
    """The rows in force on a day by (portfolio_id, symbol, tag); is_assigned is false for removed tags."""
    rows = stored_entries(connection, POSITION_TAGS, holder)
    return in_force(rows, ("portfolio_id", "symbol", "tag"), day)


def _kind(tag: str, by_hand: set[str]) -> Literal["default", "given", "automatic"]:
    if tag in DEFAULT_TAGS:
        return "default"
    return "given" if tag in by_hand else "automatic"


def _assign(
    connection: Connection,
    holder: Holder,
    symbol: str,
    tag: str,
    *,
    day: date | None,
    today: date | None,
    is_assigned: bool,
) -> LoadReport:
    today = today or datetime.now(UTC).date()
    symbol, tag = holder.symbol(symbol), _checked_tag(tag)
    origin = f"tags {'add' if is_assigned else 'remove'}"

    def make(_: object) -> Row | None:
        rows = [
            row
            for row in stored_entries(connection, POSITION_TAGS, holder)
            if (row["symbol"], row["tag"]) == (symbol, tag)
        ]
        if not rows and not is_assigned:
            raise InvalidEntryError(_never_given(connection, holder, symbol, tag, today))
        first = today if rows else holder.portfolio.inception_date
        since = check_day(day or first, today, "The day")
        known = in_force(rows, ("symbol",), since).get((symbol,))
        if (known["is_assigned"] if known else False) == is_assigned:
            return None
        return {
            "portfolio_id": str(holder.key),
            "symbol": symbol,
            "tag": tag,
            "effective_date": since,
            "is_assigned": is_assigned,
        }

    return write_entry(connection, POSITION_TAGS, origin, make)


def _checked_tag(text: str) -> str:
    tag = text.strip()
    if not tag or len(tag) > LONGEST_TAG or not tag.isprintable():
        raise InvalidEntryError(
            f"{text!r} is not a valid tag; write 1 to {LONGEST_TAG} characters, such as {DEFAULT_TAGS[0]!r}."
        )
    return tag


def _never_given(connection: Connection, holder: Holder, symbol: str, tag: str, today: date) -> str:
    carried = sorted(
        key[2]
        for key, row in current_tags(connection, today, holder).items()
        if key[1] == symbol and row["is_assigned"]
    )
    return (
        f"{symbol} of {holder.portfolio.portfolio_name!r} was never given the tag {tag!r}; its given tags "
        f"are {', '.join(map(repr, carried)) or 'none'} (sectors, and `options` on options, are automatic)."
    )


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    directory = Directory(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        symbol = cells.held_symbol("symbol", portfolio.portfolio_id)
        tag = cells.text("tag")
        if len(tag) > LONGEST_TAG:
            raise cells.fault("tag", f"has {len(tag)} characters; at most {LONGEST_TAG} are allowed.")
        stated = record["effective_date"]
        day = cells.day("effective_date", today) if stated else portfolio.inception_date
        assigned = record["is_assigned"].lower()
        if assigned not in _YES | _NO:
            raise cells.fault("is_assigned", "is neither yes nor no; write one of them.")
        rows[portfolio.portfolio_id, symbol, tag, day] = {
            "portfolio_id": str(portfolio.portfolio_id),
            "symbol": symbol,
            "tag": tag,
            "effective_date": day,
            "is_assigned": assigned in _YES,
        }
    return pd.DataFrame(list(rows.values()), dtype=object)
