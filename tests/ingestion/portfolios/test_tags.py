"""Single tags: their dates and history, and automatic tags."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from ingestion.demo.demo import demo_profiles, load_demo_portfolios
from ingestion.errors import InvalidEntryError, UnknownPortfolioError
from ingestion.portfolios.entries import Holder, find_holder, stored_entries
from ingestion.portfolios.tag_attributes import DEFAULT_TAGS
from ingestion.portfolios.tags import add_tag, count_tags, current_tags, remove_tag
from ingestion.raw.datasets import COMPANY_PROFILES, POSITION_TAGS
from ingestion.raw.loads import Connection, load_frame

INCEPTION, TODAY = date(2025, 6, 30), date(2026, 2, 2)


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30")


@pytest.fixture
def carried(connection: Connection, holder: Holder) -> Callable[[date], set[tuple[str, str]]]:
    """The tags of the portfolio's symbols on a day."""

    def read(day: date) -> set[tuple[str, str]]:
        return {
            (key[1], key[2])
            for key, row in current_tags(connection, day, holder).items()
            if row["is_assigned"]
        }

    return read


def test_a_first_tag_applies_since_inception_and_a_removed_one_keeps_its_past(
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


def test_repeating_a_tag_writes_no_row(connection: Connection, holder: Holder) -> None:
    add_tag(connection, holder, "AAPL", "growth", today=TODAY)
    assert add_tag(connection, holder, "AAPL", "growth", today=TODAY).rows_new == 0
    remove_tag(connection, holder, "AAPL", "growth", today=TODAY)
    assert remove_tag(connection, holder, "AAPL", "growth", today=TODAY).rows_new == 0


def test_a_tag_removed_on_its_first_day_has_no_days(
    connection: Connection, holder: Holder, carried: Callable[[date], set[tuple[str, str]]]
) -> None:
    add_tag(connection, holder, "AAPL", "growth", day=date(2025, 8, 1), today=TODAY)
    remove_tag(connection, holder, "AAPL", "growth", day=date(2025, 8, 1), today=TODAY)
    assert carried(TODAY) == set()


@pytest.mark.parametrize(
    ("entry", "day", "sentence"),
    [
        (("TSLA", "growth"), None, r"'TSLA' is not a position of 'Mine', which has AAPL, MSFT"),
        (("AAPL", "  "), None, r"is not a valid tag; write 1 to 100 characters"),
        (("AAPL", "x" * 101), None, r"is not a valid tag"),
        (("AAPL", "two\nlines"), None, r"is not a valid tag"),
        (("AAPL", "growth"), date(2026, 2, 3), r"2026-02-03 lies in the future"),
    ],
)
def test_an_invalid_tag_is_refused(
    connection: Connection, holder: Holder, entry: tuple[str, str], day: date | None, sentence: str
) -> None:
    with pytest.raises(InvalidEntryError, match=sentence):
        add_tag(connection, holder, *entry, day=day, today=TODAY)
    assert stored_entries(connection, POSITION_TAGS) == []


def test_a_tag_that_was_never_given_cannot_be_removed(connection: Connection, holder: Holder) -> None:
    add_tag(connection, holder, "AAPL", "tech", today=TODAY)
    with pytest.raises(InvalidEntryError, match=r"never given the tag 'income'; its given tags are 'tech'"):
        remove_tag(connection, holder, "AAPL", "income", today=TODAY)


@pytest.mark.usefixtures("holder")
def test_the_error_for_an_unknown_portfolio_names_the_known_ones(connection: Connection) -> None:
    with pytest.raises(
        UnknownPortfolioError, match=r"no portfolio 'Yours'; known portfolios: 'Mine' of jane"
    ):
        find_holder(connection, "Yours", None)
    with pytest.raises(UnknownPortfolioError, match=r"no portfolio 'Mine' of joe@example\.com"):
        find_holder(connection, "Mine", "joe@example.com")


def test_the_ten_default_tags_are_listed_even_if_unused(connection: Connection) -> None:
    assert len(DEFAULT_TAGS) == 10
    counts = {found.tag: found for found in count_tags(connection)}
    assert counts.keys() == set(DEFAULT_TAGS)
    assert {found.kind for found in counts.values()} == {"default"}
    assert not any(found.positions for found in counts.values())


def test_sectors_and_options_are_automatic_tags(connection: Connection) -> None:
    load_demo_portfolios(connection)
    simulated = demo_profiles().assign(profile_date=date(2025, 7, 1), sector="Simulated")
    load_frame(connection, COMPANY_PROFILES, simulated, source="simulated", origin="test")
    found = count_tags(connection, today=date(2025, 7, 1))
    positions: Counter[str] = Counter()
    for count in found:
        positions[count.tag] += count.positions
    counts = {count.tag: count for count in found}
    assert "Simulated" not in counts
    assert positions["options"] == 8
    assert (counts["Technology"].kind, counts["Core Holdings"].kind) == ("automatic", "given")
    # options have the sector of their underlying too, private holdings have none
    statement = (
        "select count(*) from raw.positions join raw.company_profiles as profiles "
        "on profiles.symbol = coalesce(underlying_symbol, positions.symbol) where sector = 'Technology' "
        "and entry_date <= '2025-07-01'"
    )
    assert connection.execute(statement).fetchone() == (positions["Technology"],)
    assert connection.execute(
        "select count(*) from raw.position_tags where tag = 'Technology'"
    ).fetchone() == (0,)
