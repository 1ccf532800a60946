"""Tags one by one: from when until when, with their history, and what positions carry by themselves."""

from collections.abc import Callable
from datetime import date

import pytest

from ingestion.demo.demo import load_demo_portfolios
from ingestion.errors import InvalidEntryError, UnknownPortfolioError
from ingestion.portfolios.entries import Holder, find_holder, stored_entries
from ingestion.portfolios.tags import DEFAULT_TAGS, add_tag, count_tags, current_tags, remove_tag
from ingestion.raw.datasets import POSITION_TAGS
from ingestion.raw.loads import Connection

INCEPTION, TODAY = date(2025, 6, 30), date(2026, 2, 2)


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30")


@pytest.fixture
def carried(connection: Connection, holder: Holder) -> Callable[[date], set[tuple[str, str]]]:
    """What the symbols of the portfolio carry on a day."""

    def read(day: date) -> set[tuple[str, str]]:
        return {
            (key[1], key[2])
            for key, row in current_tags(connection, day, holder).items()
            if row["is_assigned"]
        }

    return read


def test_a_first_tag_speaks_for_the_past_and_a_removed_one_keeps_it(
    connection: Connection, holder: Holder, carried: Callable[[date], set[tuple[str, str]]]
) -> None:
    added = add_tag(connection, holder, "aapl", "growth", today=TODAY)
    assert (added.rows_new, added.touched_from) == (1, INCEPTION)
    removed = remove_tag(connection, holder, "AAPL", "growth", day=date(2025, 9, 1), today=TODAY)
    assert removed.touched_from == date(2025, 9, 1)
    assert carried(date(2025, 8, 31)) == {("AAPL", "growth")}
    assert carried(date(2025, 9, 1)) == set()
    assert add_tag(connection, holder, "AAPL", "growth", today=TODAY).touched_from == TODAY
    assert len(stored_entries(connection, POSITION_TAGS, history=True)) == 3


def test_saying_the_same_again_is_no_new_row(connection: Connection, holder: Holder) -> None:
    add_tag(connection, holder, "AAPL", "growth", today=TODAY)
    assert add_tag(connection, holder, "AAPL", "growth", today=TODAY).rows_new == 0
    remove_tag(connection, holder, "AAPL", "growth", today=TODAY)
    assert remove_tag(connection, holder, "AAPL", "growth", today=TODAY).rows_new == 0


def test_a_tag_taken_back_on_the_day_it_was_given_was_never_carried(
    connection: Connection, holder: Holder, carried: Callable[[date], set[tuple[str, str]]]
) -> None:
    add_tag(connection, holder, "AAPL", "growth", day=date(2025, 8, 1), today=TODAY)
    remove_tag(connection, holder, "AAPL", "growth", day=date(2025, 8, 1), today=TODAY)
    assert carried(TODAY) == set()


@pytest.mark.parametrize(
    ("entry", "day", "sentence"),
    [
        (("TSLA", "growth"), None, r"'TSLA' is no position of 'Mine', which has AAPL, MSFT"),
        (("AAPL", "  "), None, r"is no tag; write one of 1 to 100 characters"),
        (("AAPL", "x" * 101), None, r"is no tag"),
        (("AAPL", "two\nlines"), None, r"is no tag"),
        (("AAPL", "growth"), date(2026, 2, 3), r"2026-02-03 lies in the future"),
    ],
)
def test_what_is_no_tag_is_said(
    connection: Connection, holder: Holder, entry: tuple[str, str], day: date | None, sentence: str
) -> None:
    with pytest.raises(InvalidEntryError, match=sentence):
        add_tag(connection, holder, *entry, day=day, today=TODAY)
    assert stored_entries(connection, POSITION_TAGS) == []


def test_a_tag_that_was_never_given_cannot_be_removed(connection: Connection, holder: Holder) -> None:
    add_tag(connection, holder, "AAPL", "tech", today=TODAY)
    with pytest.raises(InvalidEntryError, match=r"never given the tag 'income'; given are 'tech'"):
        remove_tag(connection, holder, "AAPL", "income", today=TODAY)


@pytest.mark.usefixtures("holder")
def test_a_portfolio_that_nobody_has_is_said_with_those_there_are(connection: Connection) -> None:
    with pytest.raises(UnknownPortfolioError, match=r"no portfolio 'Yours'; known are 'Mine' of jane"):
        find_holder(connection, "Yours", None)
    with pytest.raises(UnknownPortfolioError, match=r"no portfolio 'Mine' of joe@example\.com"):
        find_holder(connection, "Mine", "joe@example.com")


def test_the_ten_default_tags_are_known_before_anybody_used_them(connection: Connection) -> None:
    assert len(DEFAULT_TAGS) == 10
    counts = {found.tag: found for found in count_tags(connection)}
    assert counts.keys() == set(DEFAULT_TAGS)
    assert {found.kind for found in counts.values()} == {"default"}
    assert not any(found.positions for found in counts.values())


def test_sectors_and_options_are_carried_by_themselves(connection: Connection) -> None:
    load_demo_portfolios(connection)
    counts = {found.tag: found for found in count_tags(connection, today=date(2025, 7, 1))}
    assert counts["options"].positions == 8
    assert (counts["Technology"].kind, counts["Core Holdings"].kind) == ("automatic", "given")
    # the options on technology carry its sector too, private holdings carry none
    statement = (
        "select count(*) from raw.positions join raw.company_profiles as profiles "
        "on profiles.symbol = coalesce(underlying_symbol, positions.symbol) where sector = 'Technology'"
    )
    assert connection.execute(statement).fetchone() == (counts["Technology"].positions,)
    assert connection.execute(
        "select count(*) from raw.position_tags where tag = 'Technology'"
    ).fetchone() == (0,)
