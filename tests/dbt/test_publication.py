"""Publications over time: nightly builds equal one catch-up build; a correction is a new, listed version.

One warehouse is built once, then copied: the first has a nightly run for each of ten sessions, the second
misses them all and catches up in one run.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import exchange_calendars
import numpy as np
import pandas as pd
import psycopg
import pytest

from flows.dbt.manifest_cache import STATIC_NODES, read_parsed_project
from flows.dbt.runner import run_plainly
from flows.environment import prepare_environment
from flows.pipeline.publish import publish
from flows.pipeline.window import begin_publication, build_settings, fix_known_at, plan_window
from ingestion.files.folder import load_folder
from ingestion.market.calendar import sessions
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # ten nightly builds and a catch-up build

PROGRAM = Path(sys.executable).with_name("sigmasight")
SYMBOLS = ("SPY", "AAA", "BBB", "CCC")
FACTS = (
    "fct_prices",
    "fct_position_values",
    "fct_portfolio_snapshots",
    "fct_portfolio_exposures",
    "fct_exposures_by_group",
    "fct_symbol_factor_betas",
    "fct_portfolio_factor_exposures",
    "fct_symbol_liquidity",
    "fct_position_liquidity",
    "fct_portfolio_liquidity",
    "fct_data_quality",
)
POSITIONS = """\
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,\
Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share
AAA,100,50,2025-06-11,PUBLIC,STOCK,,,,,,
BBB,-40,50,2025-06-12,PUBLIC,STOCK,,,,,2025-07-21,51.5
CCC,10,50,2025-06-13,PUBLIC,STOCK,,,,,,
AAA250718C00050000,-1,2,2025-06-16,OPTIONS,CALL,AAA,50,2025-07-18,CALL,,
OLD_HOUSE_HOME,1,9000,2025-06-11,PRIVATE,REAL_ESTATE,,,,,,
"""
ACTIONS = ("BBB,2025-07-08,dividend,0.25", "CCC,2025-07-14,split,2")
CORRECTED_DATE = date(2025, 7, 10)
# ten sessions, with a dividend, and a split on a day without a price
FIRST_NIGHT, LAST_NIGHT, LAST = date(2025, 6, 27), date(2025, 7, 14), date(2025, 7, 31)
NIGHTS = tuple(day.item() for day in sessions(date(2025, 6, 30), LAST_NIGHT))
# These differ by design: each night is its own publication with its own loads.
OF_THE_NIGHTS = ("fct_publications", "fct_loads")


class Story(NamedTuple):
    """Two warehouses with the same prices and positions.

    of_nights, of_catch_up: the rows of every mart after LAST_NIGHT. before_correction: a time at which both
    are complete and not yet corrected.
    """

    nightly: Warehouse
    at_once: Warehouse
    of_nights: dict[str, set[str]]
    of_catch_up: dict[str, set[str]]
    before_correction: datetime


def _write_prices(folder: Path, until: date, *, correction: float | None = None) -> Path:
    """Prices of four symbols; BBB pays a dividend, CCC splits and misses two sessions."""
    days = exchange_calendars.get_calendar("XNYS", start="2025-03-03", end="2025-08-01").sessions
    rng = np.random.default_rng(3)
    market = rng.normal(0, 0.01, len(days))
    frames = []
    for number, symbol in enumerate(SYMBOLS):
        returns = market * (1 + 0.2 * number) + (rng.normal(0, 0.01, len(days)) if number else 0)
        close = (50 * np.exp(np.cumsum(returns))).round(4)
        volume = np.random.default_rng(number).integers(0, 9000, len(days))
        frames.append(pd.DataFrame({"date": days, "symbol": symbol, "close": close, "volume": volume}))
    prices = pd.concat(frames)
    ccc = prices["symbol"] == "CCC"
    prices.loc[ccc & (prices["date"] >= "2025-07-14"), "close"] /= 2
    prices = prices[~(ccc & prices["date"].isin(["2025-07-02", "2025-07-14"]))]
    if correction is not None:
        prices.loc[
            (prices["symbol"] == "AAA") & (prices["date"] == pd.Timestamp(CORRECTED_DATE)), "close"
        ] = correction
    folder.mkdir(exist_ok=True)
    prices[prices["date"] <= pd.Timestamp(until)].to_csv(folder / "prices.csv", index=False)
    # as in reality, a dividend or split is not known before its ex-date
    known = [line for line in ACTIONS if line.split(",")[1] <= until.isoformat()]
    (folder / "corporate_actions.csv").write_text("\n".join(["symbol,ex_date,action,value", *known, ""]))
    return folder


def _sigmasight(warehouse: Warehouse, *arguments: str) -> str:
    done = subprocess.run(
        [PROGRAM, *arguments],
        env={**os.environ, **warehouse.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _query(warehouse: Warehouse, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(warehouse.analyst_url) as connection:
        return connection.execute(statement).fetchall()


def _rows(warehouse: Warehouse, mart: str) -> set[str]:
    """The rows of a mart as text."""
    rows = _query(warehouse, f"select to_jsonb(m)::text from marts.{mart} as m")
    assert rows, mart
    assert len({row for (row,) in rows}) == len(rows)
    return {row for (row,) in rows}


def _assert_same_marts(one: Warehouse, other: Warehouse) -> None:
    for mart in FACTS:
        difference = _rows(one, mart) ^ _rows(other, mart)
        assert difference == set(), f"{mart}: {sorted(difference)[:4]}"


def _every_mart(warehouse: Warehouse) -> dict[str, set[str]]:
    """The rows of every mart, as in _rows; also of empty marts."""
    views = _query(
        warehouse,
        "select table_name from information_schema.views where table_schema = 'marts' order by 1",
    )
    of_the_run = "load_id,publication_id,published_at,created_at,updated_at"
    select = f"select (to_jsonb(m) - '{{{of_the_run}}}'::text[])::text from marts."
    return {
        mart: {row for (row,) in _query(warehouse, f"{select}{mart} as m")}
        for (mart,) in views
        if mart not in OF_THE_NIGHTS
    }


def _night(warehouse: Warehouse, folder: Path) -> None:
    """A nightly run without Prefect and dbt tests, but with the same load, window, models and publication.

    It runs in this process, which halves the time of a build: Python, Prefect and dbt do not start again.
    """
    with _environment_of(warehouse):
        _load_build_publish(warehouse, folder)


def _load_build_publish(warehouse: Warehouse, folder: Path) -> None:
    with warehouse.connect_writer(autocommit=True) as connection:
        load_folder(connection, folder)
        window = plan_window(connection, known_at=fix_known_at(connection))
        assert window is not None
        number = begin_publication(connection, window)
    report = run_plainly(
        warehouse,
        "run",
        settings=build_settings(window, number),
        manifest=read_parsed_project(warehouse).manifest,
        options=["--exclude", *STATIC_NODES],
        on_progress=lambda *_: None,
    )
    with warehouse.connect_writer() as connection, connection.transaction():
        publish(connection, window=window, publication_id=number, report=report)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, copy_warehouse: Callable[..., Warehouse]) -> Story:
    folder = tmp_path_factory.mktemp("files")
    statement = folder / "statement.csv"
    statement.write_text(POSITIONS)
    positions = (
        "load",
        "positions",
        str(statement),
        "--no-build",
        "--portfolio",
        "Story",
        "--owner",
        "o@example.com",
    )
    nightly = copy_warehouse()
    _sigmasight(nightly, *positions, "--equity", "20000", "--statement-date", LAST.isoformat())
    first = _write_prices(folder / "first", FIRST_NIGHT)
    _sigmasight(nightly, "nightly", "--force", "--source", "files", "--prices", str(first))
    at_once = copy_warehouse(nightly)
    for night in NIGHTS:
        _night(nightly, _write_prices(folder / str(night), night))
    _night(at_once, folder / str(LAST_NIGHT))
    of_nights, of_catch_up = _every_mart(nightly), _every_mart(at_once)
    last = _write_prices(folder / "last", LAST)
    for each in (nightly, at_once):
        _night(each, last)
    return Story(nightly, at_once, of_nights, of_catch_up, datetime.now(UTC))


@contextmanager
def _environment_of(warehouse: Warehouse) -> Iterator[None]:
    """Set the environment of this warehouse for the body, because dbt runs in this process."""
    kept = dict(os.environ)
    prepare_environment(warehouse)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@pytest.fixture(scope="module")
def corrected(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The story after the correction of one past close in both warehouses."""
    folder = tmp_path_factory.mktemp("corrected")
    prices = _write_prices(folder, LAST, correction=47.11)
    for warehouse in (story.nightly, story.at_once):
        _night(warehouse, prices)
    return story


def test_nightly_builds_equal_a_catch_up_build(story: Story) -> None:
    _assert_same_marts(story.nightly, story.at_once)


def test_catching_up_ten_sessions_in_one_run_equals_ten_nights(story: Story) -> None:
    assert len(NIGHTS) == 10
    different = {
        mart: sorted(rows ^ story.of_catch_up[mart])[:4]
        for mart, rows in story.of_nights.items()
        if rows != story.of_catch_up[mart]
    }
    assert different == {}
    assert len(story.of_nights["fct_portfolio_snapshots"]) > len(NIGHTS)


def test_each_night_published_its_own_date_only(story: Story) -> None:
    query = "select from_date, to_date from marts.fct_publications order by publication_id limit 11"
    windows = _query(story.nightly, query)
    # the first night reaches back to the first price, each later one is a date of its own
    assert windows == [(date(2025, 3, 3), FIRST_NIGHT), *((night, night) for night in NIGHTS)]
    caught_up = _query(story.at_once, query)[:2]
    assert caught_up == [(date(2025, 3, 3), FIRST_NIGHT), (NIGHTS[0], LAST_NIGHT)]


def test_loading_the_same_prices_again_changes_nothing(story: Story, tmp_path: Path) -> None:
    before = _query(story.nightly, "select count(*) from marts.fct_publications")
    prices = _write_prices(tmp_path / "again", LAST)
    output = _sigmasight(story.nightly, "nightly", "--force", "--source", "files", "--prices", str(prices))
    assert "nothing" in output
    assert _query(story.nightly, "select count(*) from marts.fct_publications") == before
    newest = _query(
        story.nightly,
        "select rows_new from marts.fct_loads where dataset = 'prices' order by load_id desc limit 1",
    )
    assert newest == [(0,)]


def test_a_corrected_price_rebuilds_from_its_date_only(corrected: Story) -> None:
    newest = _query(
        corrected.nightly,
        "select from_date, to_date from marts.fct_publications order by publication_id desc limit 1",
    )
    assert newest == [(CORRECTED_DATE, date(2025, 7, 31))]
    before = _query(
        corrected.nightly,
        f"""select count(distinct publication_id) from marts_history.fct_position_values
        where as_of_date < '{CORRECTED_DATE}' and publication_id =
            (select max(publication_id) from marts.fct_publications)""",
    )
    assert before == [(0,)]


def test_a_corrected_price_gives_the_same_marts_after_nightly_and_catch_up_builds(corrected: Story) -> None:
    _assert_same_marts(corrected.nightly, corrected.at_once)


def test_the_old_version_remains_in_the_history(corrected: Story) -> None:
    versions = _query(
        corrected.nightly,
        f"""select close, superseded_at is null from marts_history.fct_prices
        where symbol = 'AAA' and as_of_date = '{CORRECTED_DATE}' order by publication_id""",
    )
    assert [is_current for _, is_current in versions] == [False, True]
    assert versions[1][0] == Decimal("47.11")
    assert versions[0][0] != versions[1][0]


def test_restatements_list_exactly_the_changes(corrected: Story) -> None:
    listed = _query(
        corrected.nightly,
        f"""select column_name, round(new_value::numeric, 2) from marts.fct_restatements
        where
            mart = 'fct_prices' and key = 'AAA' and as_of_date = '{CORRECTED_DATE}'
            and column_name = 'close'
        """,
    )
    assert listed == [("close", Decimal("47.11"))]
    # no row is gone, but of a symbol that the correction takes out of a cluster: only clusters are listed
    gone = _query(
        corrected.nightly, "select distinct mart from marts.fct_restatements where column_name = '*'"
    )
    assert {mart for (mart,) in gone} <= {"fct_correlation_clusters"}
    # the option on AAA is at intrinsic value and changes too; nothing before the correction changes
    marts = _query(
        corrected.nightly, "select mart, min(as_of_date) from marts.fct_restatements group by mart"
    )
    assert {first for _, first in marts} == {CORRECTED_DATE}
    assert {"fct_prices", "fct_position_values", "fct_portfolio_snapshots"} <= {mart for mart, _ in marts}
    other_symbols = _query(
        corrected.nightly,
        """select count(*) from marts.fct_restatements
        where mart in ('fct_prices', 'fct_symbol_factor_betas') and key not like 'AAA%'""",
    )
    assert other_symbols == [(0,)]


def test_a_correction_changes_the_value_of_shares_on_its_date_only(corrected: Story) -> None:
    """An option also changes later: it carries the volatility that its price implied at the wrong close."""
    changed = _query(
        corrected.nightly,
        """select distinct as_of_date from marts.fct_restatements
        where mart = 'fct_position_values' and column_name = 'market_value' and key not in (
            select position_id::text from marts.dim_positions where investment_class = 'OPTIONS'
        )""",
    )
    assert changed == [(CORRECTED_DATE,)]


def test_a_rebuild_with_an_earlier_known_at_reproduces_the_publication(corrected: Story) -> None:
    known_at = corrected.before_correction.isoformat()
    output = _sigmasight(
        corrected.nightly,
        *("rebuild", "--as-of", "2025-07-25", "--known-at", known_at, "--schema", "audit", "--compare"),
    )
    assert "differ" not in output.lower().replace("differing", "")
    assert "dim_positions" not in output  # current rows, not comparable with an earlier date
    old = _query(
        corrected.nightly,
        f"select close from audit.fct_prices where symbol = 'AAA' and as_of_date = '{CORRECTED_DATE}'",
    )
    assert old != [(Decimal("47.11"),)]
    assert _query(corrected.nightly, "select max(as_of_date) from audit.fct_position_values") == [
        (date(2025, 7, 25),)
    ]


def test_published_rows_are_never_changed_or_removed(corrected: Story) -> None:
    """Every date still has one version per publication that covers it."""
    missing = _query(
        corrected.nightly,
        """select dates.as_of_date, dates.publication_id
        from (select distinct as_of_date, publication_id from marts_history.fct_portfolio_snapshots) as rows
        right join (
            select dates.as_of_date, publications.publication_id
            from marts.fct_publications as publications
            join marts.dim_dates as dates
                on dates.as_of_date between publications.from_date and publications.to_date
            where dates.is_trading_day and dates.as_of_date >= '2025-06-11'
        ) as dates using (as_of_date, publication_id)
        where rows.as_of_date is null""",
    )
    assert missing == []
