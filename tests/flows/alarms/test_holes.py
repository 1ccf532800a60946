"""Holes in what is published: the demo, of which a test takes away or bends one thing at a time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from flows.alarms.watches import holes
from flows.alarms.watches.all_watches import look
from flows.alarms.watches.watch import View
from tests.conftest import THEN
from tests.database_copies import copy_of, drop
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow  # the demo

Find = Callable[..., dict[tuple[str, str], str]]
Connection = psycopg.Connection[Any]
GROWTH = "(select portfolio_id from marts.dim_portfolios where portfolio_name like '%%Individual%%')"


@pytest.fixture(scope="module")
def damaged(demo: Warehouse) -> Iterator[Warehouse]:
    """A copy of the demo, which each test restores."""
    copy = copy_of(demo, "damaged")
    yield copy
    drop(copy)


@pytest.fixture
def connection(damaged: Warehouse) -> Iterator[Connection]:
    """A transaction that is rolled back: a change of what is published."""
    with damaged.connect_writer() as changing:
        yield changing
        changing.rollback()


@pytest.fixture
def find(damaged: Warehouse, connection: Connection) -> Find:
    """The sentences that are found in the transaction, by kind and subject. Settings can be given."""

    def find(**settings: float) -> dict[tuple[str, str], str]:
        chosen = damaged.settings.model_copy(update=settings)
        seen = look(View(connection, chosen, datetime.now(UTC), THEN), holes.WATCHES)
        assert not seen.unknown
        return {(finding.kind, finding.subject): finding.sentence for finding in seen.findings}

    return find


def test_the_demo_has_no_hole(find: Find) -> None:
    assert find() == {}
    assert find(alarm_prices_percent=100, alarm_coverage_percent=100, alarm_profiles_percent=100) == {}


def test_nothing_is_found_before_the_first_publication(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer(autocommit=True) as connection:
        view = View(connection, empty_warehouse.settings, datetime.now(UTC), None)
        seen = look(view, holes.WATCHES)
    assert (seen.findings, seen.unknown) == ((), frozenset())


def test_symbols_without_a_price_of_the_session_are_found(find: Find, connection: Connection) -> None:
    held = "select distinct symbol from marts.fct_position_values where is_open and as_of_date = %s"
    public = f"{held} and investment_class = 'PUBLIC' and price_source is distinct from 'cash' order by 1"
    symbols = [symbol for (symbol,) in connection.execute(public.encode(), [THEN])]
    stale = symbols[: len(symbols) // 10]
    connection.execute(
        "update published.int_position_values set price_flag = 'stale_price'"
        " where as_of_date = %s and symbol = any(%s)",
        [THEN, stale],
    )
    sentence = find()["prices_missing", ""]
    assert sentence.startswith(f"{len(stale)} of {len(symbols)} symbols held have no price of {THEN}: ")
    assert stale[0] in sentence
    assert find(alarm_prices_percent=80) == {}


def test_a_portfolio_of_low_coverage_is_found(find: Find, connection: Connection) -> None:
    connection.execute(
        f"update published.fct_portfolio_risk set coverage = 0.5"
        f" where as_of_date = %s and portfolio_id = {GROWTH}".encode(),
        [THEN],
    )
    ((kind, subject),) = find()
    assert kind == "coverage_low"
    assert find()[kind, subject] == (
        "Demo Individual Investor Portfolio: 50.0% of its public and option positions is measured by its "
        f"risk on {THEN}."
    )
    assert find(alarm_coverage_percent=50) == {}


def test_symbols_without_a_profile_are_found(find: Find, connection: Connection) -> None:
    connection.execute("delete from published.dim_company_profiles where symbol < 'N'")
    sentence = find()["profiles_missing", ""]
    assert "symbols held have no profile: AAPL, " in sentence
    assert find(alarm_profiles_percent=0) == {}


@pytest.mark.parametrize("move", [0.62, None])
def test_a_suspect_move_is_found_for_five_sessions(
    find: Find, connection: Connection, move: float | None
) -> None:
    days = "select as_of_date from ops.publication_dates order by as_of_date desc limit 6"
    *_, fifth, sixth = [day for (day,) in connection.execute(days.encode())]
    mark = "update published.fct_prices set is_suspect = true, daily_return = %s where symbol = 'AAPL'"
    connection.execute(f"{mark} and as_of_date = %s".encode(), [move, sixth])
    assert find() == {}
    connection.execute(f"{mark} and as_of_date = %s".encode(), [move, fifth])
    moved = "moved by +62.0%" if move else "moved suspiciously"
    assert find().keys() == {("suspect_move", f"AAPL on {fifth}")}
    sentence = find()["suspect_move", f"AAPL on {fifth}"]
    assert sentence.startswith(f"AAPL {moved} on {fifth}, which no split explains; held by ")


def test_a_held_symbol_whose_prices_ended_is_found(find: Find, connection: Connection) -> None:
    held = (
        "select coalesce(underlying_symbol, symbol) from marts.fct_position_values"
        f" where as_of_date = '{THEN}' and is_open"
    )
    connection.execute(
        "update published.fct_data_quality set flag = 'dead_symbol', last_price_date = '2025-06-02'"
        f" where symbol = 'TSLA' or symbol not in ({held})".encode()
    )
    ((key, sentence),) = find().items()
    assert key == ("dead_symbol", "TSLA")
    assert sentence.startswith("TSLA has no price since 2025-06-02, and Demo ")
    assert "state what became of it in corporate_actions.csv" in sentence


def test_a_spin_off_without_a_price_is_found_while_its_parent_is_held(
    find: Find, connection: Connection
) -> None:
    mark = "update published.fct_data_quality set flag = 'spin_off_unpriced'"
    held = (
        "select coalesce(underlying_symbol, symbol) from marts.fct_position_values"
        f" where as_of_date = '{THEN}' and is_open"
    )
    connection.execute(f"{mark} where symbol = 'TSLA' or symbol not in ({held})".encode())
    ((key, sentence),) = find().items()
    assert key == ("spin_off_unpriced", "TSLA")
    assert sentence.startswith(
        f"TSLA spun off shares that have no price on {THEN}, so no position holds them; Demo "
    )
    connection.execute(f"{mark.replace('spin_off_unpriced', 'full_history')} where symbol = 'TSLA'".encode())
    assert find() == {}


def test_a_suspect_move_of_a_symbol_that_nobody_holds_is_none(find: Find, connection: Connection) -> None:
    connection.execute(
        "update published.fct_prices set is_suspect = true where as_of_date = %s and symbol not in"
        " (select coalesce(underlying_symbol, symbol) from marts.fct_position_values"
        "  where as_of_date = %s and is_open)",
        [THEN, THEN],
    )
    assert find() == {}


def test_results_that_are_hard_to_believe_are_found_with_their_doubts(
    find: Find, connection: Connection
) -> None:
    connection.execute(
        f"""update published.packed_fct_portfolio_stress set (is_believable, doubts) = (
            select
                array_agg(believable and name !~ '^market_crash' order by place),
                array_agg(case when name ~ '^market_crash' then 'sudden_change' else doubt end order by place)
            from unnest(scenario_id, is_believable, doubts)
                with ordinality as scenarios (name, believable, doubt, place)
        ) where as_of_date = %s and portfolio_id = {GROWTH}""".encode(),
        [THEN],
    )
    ((kind, _),) = find()
    assert kind == "not_believable"
    (sentence,) = find().values()
    assert sentence == (
        f"Demo Individual Investor Portfolio: stress results of {THEN} are hard to believe: "
        "market_crash_35 (sudden_change)."
    )


def test_a_bond_fund_whose_rate_beta_is_not_that_of_its_duration_is_found(
    find: Find, connection: Connection
) -> None:
    bend = "update published.fct_symbol_factor_betas set beta = 4.56 where as_of_date = %s and symbol = 'TLT'"
    connection.execute(f"{bend} and model = 'risk' and factor = 'Interest Rate'".encode(), [THEN])
    assert find() == {}  # prices of the demo are simulated
    connection.execute("update published.fct_prices set source = 'files' where as_of_date = %s", [THEN])
    assert find() == {("bond_beta", "TLT"): f"TLT: its rate beta of {THEN} is 4.56, outside -21 to -12."}


# --- sources ------------------------------------------------------------------------------------------------

LOAD = """
insert into ops.loads (source, dataset, started_at, finished_at, status, rows_read, rows_rejected, error)
values ('fmp', %s, now(), now() - %s::interval, %s, %s, %s, %s)
"""


def test_a_source_that_fails_is_found_until_it_succeeds(find: Find, connection: Connection) -> None:
    connection.execute(LOAD.encode(), ["prices", "1 hour", "failed", 0, 0, "fmp gave HTML\ninstead of JSON"])
    assert find() == {
        ("source_failing", "prices from fmp"): "The last loads of prices from fmp failed: fmp gave HTML "
        "instead of JSON"
    }
    connection.execute(LOAD.encode(), ["prices", "0", "succeeded", 10, 0, None])
    assert find() == {}


def test_a_source_whose_rows_cannot_be_used_is_found(find: Find, connection: Connection) -> None:
    connection.execute(LOAD.encode(), ["prices", "2 hours", "succeeded", 60, 9, None])
    connection.execute(LOAD.encode(), ["prices", "1 hour", "succeeded", 40, 4, None])
    connection.execute(LOAD.encode(), ["treasury_rates", "1 hour", "succeeded", 40, 4, None])
    connection.execute(LOAD.encode(), ["positions", "1 hour", "succeeded", 40, 40, None])  # a user's file
    assert find() == {
        ("source_failing", "prices from fmp"): "13 of 100 rows of prices from fmp could not be used."
    }
    assert find(alarm_vendor_percent=87) == {}
    connection.execute(LOAD.encode(), ["prices", "-24 hours", "succeeded", 10, 0, None])  # the next night
    assert find() == {}
