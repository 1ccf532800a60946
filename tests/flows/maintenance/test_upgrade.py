"""Upgrading a warehouse of an older version: its data are unchanged, and nightly runs continue."""

import csv
import io
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest
from psycopg import sql

from tests.database_copies import drop
from tests.flows.flow_helpers import CommandLine, one
from warehouse.code_version import upgrade_steps
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # a restore, an upgrade and two builds

UNCHANGED_BY_THE_METHOD = {"fct_capital_flows", "fct_prices"}
CASH_IS_NO_EXPOSURE = {"cash_and_equivalents", "cash_count", "long_count", "short_count"}
LAYOUTS = Path(__file__).parent / "older_layouts"
LISTS_OF_CHANGES = {"fct_publications", "fct_restatements"}
CORRECTED = date(2025, 7, 10)
Rows = list[tuple[str, ...]]
ZEROS = re.compile(r"^(-?\d+)\.0+$|^(-?\d+\.\d*[1-9])0+$")

PRICES = f"""date,symbol,close
{CORRECTED},TLT,88.88
"""


@pytest.fixture(scope="module")
def older(copy_warehouse: Callable[..., Warehouse]) -> Iterator[CommandLine]:
    """A backup written by the last commit of layout 1, restored by this version."""
    warehouse = copy_warehouse()
    command = CommandLine(warehouse)
    command.succeed("restore", str(LAYOUTS / "layout_1.backup"), "--trust")
    yield command
    drop(warehouse)


@pytest.fixture(scope="module")
def refused(older: CommandLine) -> str:
    """The error of a build before the upgrade."""
    done = older.run("nightly", "--force")
    assert done.returncode == 1
    return done.stderr


@pytest.fixture(scope="module")
def upgraded(older: CommandLine, refused: str) -> CommandLine:
    """The upgraded warehouse before the build that its changed method requires."""
    assert refused
    older.succeed("upgrade", "--no-build")
    return older


def test_a_build_before_the_upgrade_names_the_command(refused: str) -> None:
    assert "run `sigmasight upgrade`" in refused


def answers() -> dict[str, tuple[list[str], Rows]]:
    """Columns and rows of each view under layout 1, by schema/view."""
    found = {}
    with tarfile.open(LAYOUTS / "layout_1_answers.tar.gz") as archive:
        for entry in archive:
            file = archive.extractfile(entry)
            assert file is not None
            columns, *rows = csv.reader(io.TextIOWrapper(file))
            found[entry.name.removesuffix(".csv")] = columns, in_order(rows)
    return found


def read(warehouse: Warehouse, view: str, columns: list[str]) -> Rows:
    query = sql.SQL("copy (select {} from {}) to stdout (format csv)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(*view.split("/"))
    )
    with warehouse.connect_analyst(autocommit=True) as connection:
        connection.execute("set timezone to 'UTC'")
        with connection.cursor().copy(query) as copy:
            text = b"".join(bytes(block) for block in copy).decode()
    return in_order(csv.reader(io.StringIO(text)))


def in_order(rows: Iterable[list[str]]) -> Rows:
    """The rows, sorted, with numbers as values: since layout 5 a computed price ends in no zeros."""
    return sorted(tuple(ZEROS.sub(r"\1\2", cell) for cell in row) for row in rows)


def test_every_mart_and_its_history_are_unchanged(upgraded: CommandLine) -> None:
    expected = answers()
    assert len(expected) > 60
    for view, (columns, rows) in expected.items():
        kept = [place for place, name in enumerate(columns) if is_kept(view, name)]
        shown = in_order([row[place] for place in kept] for row in rows)
        assert read(upgraded.warehouse, view, [columns[place] for place in kept]) == shown, view


def is_kept(view: str, column: str) -> bool:
    """Since layout 11 the publication of a row is shown in its history only."""
    schema, mart = view.split("/")
    is_of_publication = column in {"publication_id", "published_at", "superseded_at"}
    return schema == "marts_history" or not is_of_publication or mart in LISTS_OF_CHANGES


def test_marts_at_an_earlier_instant_are_unchanged(upgraded: CommandLine) -> None:
    with upgraded.warehouse.connect_analyst(autocommit=True) as connection:
        first = "select min(published_at) from marts.fct_publications"
        (instant,) = connection.execute(first).fetchone() or (None,)
        connection.execute("select set_config('sigmasight.published_at', %s, false)", [str(instant)])
        counts = """select
            (select count(*) from marts_at.fct_portfolio_snapshots),
            (select count(*) from marts_history.fct_portfolio_snapshots where published_at <= %s)"""
        seen, published = connection.execute(counts, [instant]).fetchone() or (0, 0)
    assert seen == published > 0


def test_prices_keep_their_digits_from_now_on(upgraded: CommandLine) -> None:
    """Raw and published prices have no scale, as in a new warehouse."""
    scaled = """select count(*) from pg_attribute
        where attrelid in (
            'raw.prices'::regclass, 'raw.positions'::regclass, 'published.fct_prices'::regclass,
            'published.int_position_values'::regclass
        )
        and (attname like '%price' or attname in ('open', 'high', 'low', 'close', 'previous_close'))
        and attname <> 'strike_price' and atttypmod <> -1"""
    assert one(upgraded.warehouse, scaled) == 0


def test_an_upgrade_runs_once(upgraded: CommandLine) -> None:
    assert "Nothing to upgrade" in upgraded.succeed("upgrade", "--no-build")
    assert one(upgraded.warehouse, "select max(layout) from ops.layouts") == max(upgrade_steps())


def test_the_new_method_is_published_with_restatements_and_their_cause(upgraded: CommandLine) -> None:
    """Prices do not change, nor any value but of options, whose volatility moves with the VIX now."""
    assert "published" in upgraded.succeed("upgrade")
    assert "Nothing to upgrade" in upgraded.succeed("upgrade")
    newest = "select max(publication_id) from marts.fct_publications"
    cause = f"select cause from marts.fct_publications where publication_id = ({newest})"
    assert "the method changed" in one(upgraded.warehouse, cause)
    restated = f"""select array_agg(distinct mart::text) from marts.fct_restatements
        where publication_id = ({newest}) and cause like '%the method changed%'"""
    marts = set(one(upgraded.warehouse, restated))
    assert {"fct_symbol_factor_betas", "fct_portfolio_risk", "fct_portfolio_stress"} <= marts
    assert not marts & UNCHANGED_BY_THE_METHOD
    values = f"""select count(*) from marts.fct_restatements as restatements
        join marts.dim_positions as positions on restatements.key = positions.position_id::text
        where restatements.publication_id = ({newest}) and mart = 'fct_position_values'
            and column_name in ('price', 'market_value', 'daily_pnl')
            and positions.investment_class <> 'OPTIONS'"""
    assert one(upgraded.warehouse, values) == 0
    of_snapshots = f"""select array_agg(distinct column_name::text) from marts.fct_restatements
        where publication_id = ({newest}) and mart = 'fct_portfolio_snapshots' and portfolio_id not in (
            select portfolio_id from marts.dim_positions where investment_class = 'OPTIONS'
        )"""
    assert set(one(upgraded.warehouse, of_snapshots)) <= CASH_IS_NO_EXPOSURE | {"hypothetical_pnl"}
    replaced = """select count(*) from marts_history.fct_symbol_factor_betas
        where model = 'style' and superseded_at is not null"""
    assert one(upgraded.warehouse, replaced) > 0
    current = "select count(*) from marts.fct_symbol_factor_betas where model = 'style'"
    assert one(upgraded.warehouse, current) == 0


def test_new_columns_of_earlier_publications_are_filled(upgraded: CommandLine) -> None:
    unknown = """select count(*) from marts_history.fct_portfolio_snapshots
        where mtd_pnl is null or ytd_pnl is null or session_count is null"""
    assert one(upgraded.warehouse, unknown) == 0
    observed = """select max(return_beta_observations) from marts_history.fct_portfolio_risk
        where publication_id <= 2"""
    assert one(upgraded.warehouse, observed) > 5
    sectors = """select count(*), count(*) filter (where held.sector is null or groups.bucket is null)
        from (
            select distinct portfolio_id, as_of_date, publication_id, sector
            from marts_history.fct_position_values where sector is not null and is_open
        ) as held
        full join (
            select * from marts_history.fct_exposures_by_group
            where dimension = 'sector' and bucket not in ('Private', 'Unclassified')
        ) as groups
            on held.portfolio_id = groups.portfolio_id
            and held.as_of_date = groups.as_of_date
            and held.publication_id = groups.publication_id
            and held.sector = groups.bucket"""
    with upgraded.warehouse.connect_analyst() as connection:
        found, different = connection.execute(sectors).fetchone() or (0, 0)
    assert found > 0
    assert different == 0


def test_nightly_runs_continue_after_the_upgrade(upgraded: CommandLine, tmp_path: Path) -> None:
    """A correction is built on the upgraded rows, and restates them."""
    assert "nothing" in upgraded.succeed("nightly", "--force")
    with upgraded.warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("drop view marts.fct_portfolio_greeks")  # a build recreates a missing view
        # and one with the columns of an older model
        connection.execute("drop view marts.fct_portfolio_stress")
        connection.execute("create view marts.fct_portfolio_stress as select 1 as scenario_id, 2 as coverage")
        connection.execute("comment on view published.fct_portfolio_stress is null")
    (tmp_path / "prices.csv").write_text(PRICES)
    upgraded.succeed("nightly", "--force", "--source", "files", "--prices", str(tmp_path))
    changed = "select {} from marts.fct_restatements where publication_id > 2 and mart = 'fct_prices'"
    assert one(upgraded.warehouse, changed.format("min(as_of_date)")) == CORRECTED
    assert one(upgraded.warehouse, "select count(*) from marts.fct_portfolio_greeks") > 0
    assert one(upgraded.warehouse, "select count(direct_pnl) from marts.fct_portfolio_stress") > 0
    identity = """select count(*) from marts.fct_portfolio_snapshots as today
        join marts.dim_dates as days using (as_of_date)
        join marts.fct_portfolio_snapshots as before
            on before.portfolio_id = today.portfolio_id and before.as_of_date = days.previous_trading_day
        where today.equity <> before.equity + today.daily_pnl + today.capital_flow"""
    assert one(upgraded.warehouse, identity) == 0
    upgraded.succeed("verify")
