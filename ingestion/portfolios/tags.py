"""Tags of positions, from a file (tags.csv) or one by one, with their history.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), symbol, tag, effective_date
(default: the portfolio's inception), is_assigned (default yes; no removes the tag from that date on).

A tag may have any name. Ten default tags are always listed. The sector of a symbol and, for options,
`options` are automatic tags: they are derived and never stored. A tag that was renamed may be given by its
first name or by the one that is shown; the first one is stored.
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
from ingestion.portfolios.tag_attributes import DEFAULT_TAGS, TagAttributes, checked_tag, read_tag_book
from ingestion.raw.datasets import POSITION_TAGS
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.statements.values import LONGEST_TAG

SOURCE = "files"
REQUIRED = ("portfolio_name", "symbol", "tag")
OPTIONAL = ("owner_email", "effective_date", "is_assigned")
_YES = frozenset({"", "yes", "true", "t", "1"})
_NO = frozenset({"no", "false", "f", "0"})

# Open positions with their automatic tags; the marts derive theirs in int_automatic_tags.
_AUTOMATIC = """
with sectors as (
    select distinct on (symbol) symbol, sector
    from raw.company_profiles
    where profile_date <= %(day)s and (source <> 'simulated' or not ops.has_real_prices(clock_timestamp()))
    order by symbol, source = 'simulated', profile_date desc, load_id desc
),
open_positions as (
    select positions.*, portfolios.owner_email from raw.newest_positions as positions
    join raw.newest_portfolios as portfolios using (portfolio_id)
    where
        coalesce(portfolios.removed_on, 'infinity') > %(day)s
        and entry_date <= %(day)s
        and coalesce(least(exit_date, expiration_date), 'infinity') > %(day)s
)
select position_id, portfolio_id, owner_email, open_positions.symbol, string_to_array(tags, ';') as own_tags,
    array_remove(array[
        case when investment_class <> 'PRIVATE' then sectors.sector end,
        case when investment_class = 'OPTIONS' then 'options' end
    ], null) as tags
from open_positions
left join sectors on sectors.symbol = coalesce(underlying_symbol, open_positions.symbol)
"""


@dataclass(frozen=True)
class TagCount:
    """A user's tag and the number of open positions that have it. kind: default, given, automatic.

    owner_email: None for a default tag that is not used. attributes: how the tag is shown.
    """

    owner_email: str | None
    tag: str
    kind: Literal["default", "given", "automatic"]
    portfolios: int
    positions: int
    attributes: TagAttributes


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


def count_tags(
    connection: Connection, *, owner: str | None = None, today: date | None = None
) -> list[TagCount]:
    """The tags of all users, or of one: default, given and automatic ones. owner: an e-mail address."""
    day = today or datetime.now(UTC).date()
    book = read_tag_book(connection)
    given: dict[tuple[Any, ...], set[str]] = {}
    by_hand = set()
    for (portfolio, symbol, tag), row in current_tags(connection, day).items():
        if row["is_assigned"]:
            given.setdefault((portfolio, symbol), set()).add(tag)
            by_hand.add((row["owner_email"], tag))
    with connection.transaction():
        positions = connection.execute(_AUTOMATIC.encode(), {"day": day}).fetchall()
    holders: dict[tuple[str, str], list[Any]] = {}
    for _, portfolio, email, symbol, own, automatic in positions:
        by_hand |= {(email, tag) for tag in own or ()}
        for tag in given.get((portfolio, symbol), set()) | {*(own or ()), *automatic}:
            holders.setdefault((email, tag), []).append(portfolio)
    for key in {*by_hand, *book.stored}:
        holders.setdefault(key, [])
    counts = [
        TagCount(
            email, tag, _kind(tag, (email, tag) in by_hand), len(set(found)), len(found), book.of(email, tag)
        )
        for (email, tag), found in holders.items()
        if owner is None or email == owner.strip().lower()
    ]
    named = {name for count in counts for name in (count.tag, count.attributes.shown)}
    counts += [
        TagCount(None, tag, "default", 0, 0, TagAttributes("", tag))
        for tag in DEFAULT_TAGS
        if tag not in named
    ]
    return sorted(
        counts, key=lambda count: (-count.positions, count.attributes.shown, count.owner_email or "")
    )


def current_tags(
    connection: Connection, day: date, holder: Holder | None = None
) -> dict[tuple[Any, ...], Row]:
    """The rows in force on a day by (portfolio_id, symbol, tag); is_assigned is false for removed tags."""
    rows = stored_entries(connection, POSITION_TAGS, holder)
    return in_force(rows, ("portfolio_id", "symbol", "tag"), day)


def _kind(tag: str, is_by_hand: bool) -> Literal["default", "given", "automatic"]:
    if tag in DEFAULT_TAGS:
        return "default"
    return "given" if is_by_hand else "automatic"


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
    symbol, name = holder.symbol(symbol), checked_tag(tag)
    attributes = read_tag_book(connection).find(holder.portfolio.owner_email, name)
    tag = attributes.tag
    if is_assigned and attributes.is_archived:
        raise InvalidEntryError(
            f"The tag {attributes.shown!r} is archived; `sigmasight tags restore` restores it first."
        )
    origin = f"tags {'add' if is_assigned else 'remove'}"

    def make(_: object) -> Row | None:
        rows = [
            row
            for row in stored_entries(connection, POSITION_TAGS, holder)
            if (row["symbol"], row["tag"]) == (symbol, tag)
        ]
        if not rows and not is_assigned:
            raise InvalidEntryError(_never_given(connection, holder, symbol, name, today))
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


def _never_given(connection: Connection, holder: Holder, symbol: str, tag: str, today: date) -> str:
    book = read_tag_book(connection)
    carried = sorted(
        book.of(holder.portfolio.owner_email, key[2]).shown
        for key, row in current_tags(connection, today, holder).items()
        if key[1] == symbol and row["is_assigned"]
    )
    return (
        f"{symbol} of {holder.portfolio.portfolio_name!r} was never given the tag {tag!r}; its given tags "
        f"are {', '.join(map(repr, carried)) or 'none'} (sectors, and `options` on options, are automatic)."
    )


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    directory, book = Directory(connection), read_tag_book(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        symbol = cells.held_symbol("symbol", portfolio.portfolio_id)
        name = cells.text("tag")
        if len(name) > LONGEST_TAG:
            raise cells.fault("tag", f"has {len(name)} characters; at most {LONGEST_TAG} are allowed.")
        tag = book.find(portfolio.owner_email, name).tag
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
