"""Names, colours, descriptions and archiving of tags, each for the user whose tag it is."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import InvalidEntryError
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.portfolios.tag_attributes import (
    archive_tag,
    color_tag,
    describe_tag,
    find_tag,
    read_tag_book,
    rename_tag,
)
from ingestion.portfolios.tags import add_tag, count_tags, current_tags, load_tags, remove_tag
from ingestion.raw.datasets import POSITION_TAGS
from ingestion.raw.loads import Connection
from ingestion.statements.load import load_positions

TODAY = date(2026, 2, 2)
JANE, JOE = "jane@example.com", "joe@example.com"
Write = Callable[[str, str], Path]


@pytest.fixture
def holder(connection: Connection, load_mine: Callable[[str], Holder]) -> Holder:
    """Jane's portfolio, whose position is tagged growth and tech."""
    found = load_mine("AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30")
    for tag in ("growth", "tech"):
        add_tag(connection, found, "AAPL", tag, today=TODAY)
    return found


@pytest.fixture
def joes(connection: Connection, write: Write, holder: Holder) -> None:
    """Joe's portfolio next to Jane's, whose position is tagged growth too."""
    assert holder.portfolio.owner_email == JANE
    load_positions(
        connection,
        write(
            "joes.csv",
            "Symbol,Quantity,Entry Price Per Share,Entry Date,Tags\nAAPL,1,2,2025-06-30,growth;joes own\n",
        ),
        portfolio_name="Joes",
        owner_email=JOE,
        equity=Decimal(100),
        today=TODAY,
    )


def assigned(connection: Connection) -> set[tuple[str, str]]:
    return {
        (symbol, tag)
        for (_, symbol, tag), row in current_tags(connection, TODAY).items()
        if row["is_assigned"]
    }


@pytest.mark.usefixtures("holder")
def test_a_renamed_tag_keeps_its_key_and_its_assignments(connection: Connection) -> None:
    before = stored_entries(connection, POSITION_TAGS, history=True)
    assert rename_tag(connection, "growth", " Growth stocks ").rows_new == 1
    assert stored_entries(connection, POSITION_TAGS, history=True) == before
    tag = find_tag(connection, "Growth stocks")
    assert (tag.tag, tag.shown, tag.owner_email) == ("growth", "Growth stocks", JANE)
    assert find_tag(connection, "growth") == tag
    counts = {count.attributes.shown: count for count in count_tags(connection, today=TODAY)}
    assert counts["Growth stocks"].positions == 1
    assert "growth" not in counts
    rename_tag(connection, "Growth stocks", "growth")
    assert find_tag(connection, "growth").name is None


def test_both_names_of_a_renamed_tag_mean_it_on_the_command_line(
    connection: Connection, holder: Holder
) -> None:
    rename_tag(connection, "growth", "Growth stocks")
    assert add_tag(connection, holder, "AAPL", "Growth stocks", today=TODAY).rows_new == 0
    add_tag(connection, holder, "MSFT", "Growth stocks", today=TODAY)
    assert add_tag(connection, holder, "MSFT", "growth", today=TODAY).rows_new == 0
    assert assigned(connection) == {("AAPL", "growth"), ("AAPL", "tech"), ("MSFT", "growth")}
    remove_tag(connection, holder, "MSFT", "Growth stocks", today=TODAY)
    assert ("MSFT", "growth") not in assigned(connection)
    with pytest.raises(InvalidEntryError, match=r"its given tags are 'Growth stocks', 'tech'"):
        remove_tag(connection, holder, "AAPL", "x", today=TODAY)


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize("name", ["growth", "Growth stocks"])
def test_both_names_of_a_renamed_tag_mean_it_in_files(
    connection: Connection, write: Write, name: str
) -> None:
    rename_tag(connection, "growth", "Growth stocks")
    load_tags(connection, write("tags.csv", f"portfolio_name,symbol,tag\nMine,MSFT,{name}\n"), today=TODAY)
    assert ("MSFT", "growth") in assigned(connection)
    assert {tag for _, tag in assigned(connection)} == {"growth", "tech"}
    load_positions(
        connection,
        write(
            "own.csv",
            "Symbol,Quantity,Entry Price Per Share,Entry Date,Tags\n"
            f"AAPL,1,2,2025-06-30,zebra;{name}\nMSFT,1,2,2025-06-30,\n",
        ),
        portfolio_name="Mine",
        owner_email=JANE.upper(),
        today=TODAY,
    )
    own = connection.execute("select tags from raw.newest_positions where tags is not null").fetchall()
    assert own == [("growth;zebra",)]


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("growth", "tech", r"There is already a tag 'tech'; choose another name"),
        ("growth", "options", r"There is already a tag 'options'"),
        ("growth", "Technology", r"There is already a tag 'Technology'"),
        ("growth", "first", r"'first' was the first name of the tag 'second' and still means it"),
        ("growth", "second", r"There is already a tag 'second'"),
        ("growth", " ", r"is not a valid tag; write 1 to 100 characters"),
        ("growth", "x" * 101, r"is not a valid tag"),
        ("growth", "a;b", r"'a;b' has a semicolon, which separates tags in files"),
        ("unknown", "x", r"There is no tag 'unknown'; `sigmasight tags list` shows the tags"),
        ("Technology", "Tech", r"'Technology' is an automatic tag, named by the sector"),
        ("options", "Opt", r"'options' is an automatic tag"),
    ],
)
def test_a_name_that_would_be_ambiguous_is_refused(
    connection: Connection, holder: Holder, old: str, new: str, sentence: str
) -> None:
    connection.execute(
        "insert into ops.loads (load_id, source, dataset, status, started_at, finished_at) overriding system "
        "value values (9999, 'files', 'company_profiles', 'succeeded', now(), now())"
    )
    connection.execute(
        "insert into raw.company_profiles (load_id, loaded_at, source, symbol, profile_date, sector) "
        "values (9999, now(), 'files', 'AAPL', '2025-01-01', 'Technology')"
    )
    add_tag(connection, holder, "MSFT", "first", today=TODAY)
    rename_tag(connection, "first", "second")
    before = read_tag_book(connection)
    with pytest.raises(InvalidEntryError, match=sentence):
        rename_tag(connection, old, new)
    assert read_tag_book(connection) == before


@pytest.mark.usefixtures("holder")
def test_a_name_given_up_is_free(connection: Connection) -> None:
    rename_tag(connection, "growth", "between")
    rename_tag(connection, "between", "last")
    assert rename_tag(connection, "tech", "between").rows_new == 1
    # a predefined tag that no position has may be the name of another
    assert rename_tag(connection, "last", "speculative").rows_new == 1
    assert find_tag(connection, "speculative").tag == "growth"


@pytest.mark.usefixtures("holder")
def test_a_tag_is_coloured_and_described(connection: Connection) -> None:
    color_tag(connection, "growth", "#2563eb")
    describe_tag(connection, "growth", "  grows\n fast ")
    tag = find_tag(connection, "growth")
    assert (tag.color, tag.description, tag.name, tag.is_archived) == ("#2563EB", "grows fast", None, False)
    assert color_tag(connection, "growth", "2563EB").rows_new == 0
    color_tag(connection, "growth", None)
    describe_tag(connection, "growth", "")
    tag = find_tag(connection, "growth")
    assert (tag.color, tag.description) == (None, None)
    for wrong in ("#25", "blue", "#2563EBF", ""):
        with pytest.raises(InvalidEntryError, match="is not a colour; write six hexadecimal digits"):
            color_tag(connection, "growth", wrong)
    with pytest.raises(InvalidEntryError, match="has 501 characters; write at most 500"):
        describe_tag(connection, "growth", "x" * 501)


def test_an_archived_tag_stays_on_its_positions_and_is_given_to_no_other(
    connection: Connection, holder: Holder
) -> None:
    archive_tag(connection, "growth")
    assert ("AAPL", "growth") in assigned(connection)
    with pytest.raises(InvalidEntryError, match="'growth' is archived; `sigmasight tags restore`"):
        add_tag(connection, holder, "MSFT", "growth", today=TODAY)
    remove_tag(connection, holder, "AAPL", "growth", today=TODAY)
    archive_tag(connection, "growth", is_archived=False)
    add_tag(connection, holder, "MSFT", "growth", today=TODAY)
    assert archive_tag(connection, "tech", is_archived=False).rows_new == 0


@pytest.mark.usefixtures("joes")
def test_attributes_belong_to_one_user(connection: Connection) -> None:
    with pytest.raises(
        InvalidEntryError, match=rf"Several users have a tag 'growth' \({JANE}, {JOE}\); add --owner"
    ):
        rename_tag(connection, "growth", "Mine alone")
    rename_tag(connection, "growth", "Mine alone", owner=" Jane@example.com")
    color_tag(connection, "Mine alone", "#000000")  # the only user with this name
    describe_tag(connection, "joes own", "of Joe")
    assert find_tag(connection, "growth", JOE).name is None
    assert find_tag(connection, "growth", JOE).color is None
    found = {(count.owner_email, count.attributes.shown) for count in count_tags(connection, today=TODAY)}
    assert {(JANE, "Mine alone"), (JOE, "growth"), (JOE, "joes own")} <= found
    assert (JANE, "growth") not in found
    with pytest.raises(InvalidEntryError, match=rf"no portfolio; owners are {JANE}, {JOE}"):
        archive_tag(connection, "growth", owner="jim@example.com")
    # a predefined tag exists for every user
    with pytest.raises(InvalidEntryError, match="Several users have a tag 'income'"):
        archive_tag(connection, "income")
    archive_tag(connection, "income", owner=JOE)
    assert [key for key, tag in read_tag_book(connection).stored.items() if tag.is_archived] == [
        (JOE, "income")
    ]


@pytest.mark.usefixtures("joes")
def test_a_change_is_published_by_building_the_last_session_of_the_users_portfolios(
    connection: Connection, holder: Holder
) -> None:
    assert color_tag(connection, "growth", "#000000", owner=JANE).touched_from is None  # before a first build
    connection.execute(
        "insert into ops.publications (publication_id, from_date, to_date, known_at, published_at, "
        "tests_passed, tests_warned) values (1, '2026-01-29', '2026-01-30', now(), now(), 0, 0)"
    )
    connection.execute(
        "insert into ops.publication_dates (as_of_date, publication_id, published_at) "
        "values ('2026-01-29', 1, now()), ('2026-01-30', 1, now())"
    )
    report = color_tag(connection, "growth", "#111111", owner=JANE)
    assert report.touched_from == date(2026, 1, 30)
    touched = connection.execute(
        "select portfolio_id, touched_from from ops.load_portfolios where load_id = %s", [report.load_id]
    ).fetchall()
    assert touched == [(holder.key, date(2026, 1, 30))]
