"""Tags and target prices of the demo in the marts equal those of its files."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.demo.demo import DEMO_FOLDER
from ingestion.portfolios.target_prices import TARGETS
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

LAST = "2025-09-12"


def rows_of(demo: Warehouse, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(demo.analyst_url, row_factory=dict_row) as connection:
        return connection.execute(statement.encode()).fetchall()


def file_rows(name: str) -> list[dict[str, str]]:
    with Path(DEMO_FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_targets_on_the_last_session_equal_the_file(demo: Warehouse) -> None:
    found = rows_of(
        demo,
        f"""select targets.*, portfolio_name, snapshots.equity from marts.fct_target_prices as targets
        join marts.dim_portfolios using (portfolio_id)
        join marts.fct_portfolio_snapshots as snapshots using (portfolio_id, as_of_date)
        where as_of_date = '{LAST}'""",
    )
    expected = {
        (row["portfolio_name"], row["symbol"]): tuple(Decimal(row[name]) for name in TARGETS)
        for row in file_rows("target_prices.csv")
    }
    assert {
        (row["portfolio_name"], row["symbol"]): tuple(row[name] for name in TARGETS) for row in found
    } == expected
    for row in found:
        side = 1 if row["quantity"] > 0 else -1
        upside = float(row["target_price_eoy"] / row["price"] - 1)
        assert row["expected_return_eoy"] == pytest.approx(side * upside, abs=1e-12)
        weight = float(row["market_value"] / row["equity"])
        assert row["position_weight"] == pytest.approx(weight, rel=1e-12)
        assert row["contribution_to_portfolio_return"] == pytest.approx(weight * upside, abs=1e-12)
        assert row["null_reason"] is None
    assert "NFLX" in {row["symbol"] for row in found if row["quantity"] < 0}


def test_every_session_of_the_demo_has_targets(demo: Warehouse) -> None:
    (row,) = rows_of(
        demo,
        """select count(distinct targets.as_of_date) as with_targets,
            count(distinct snapshots.as_of_date) as all_days
        from marts.fct_portfolio_snapshots as snapshots
        left join marts.fct_target_prices as targets using (portfolio_id, as_of_date)""",
    )
    assert row["with_targets"] == row["all_days"]


def test_tags_equal_the_file_and_automatic_ones_are_sectors_and_options(demo: Warehouse) -> None:
    expected: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in file_rows("tags.csv"):
        expected[row["portfolio_name"], row["symbol"]].add(row["tag"])
    positions = rows_of(
        demo,
        """select portfolio_name, positions.symbol, tags, automatic_tags, investment_class, sector
        from marts.dim_positions as positions join marts.dim_portfolios using (portfolio_id)
        left join marts.dim_symbols as symbols
            on symbols.symbol = coalesce(underlying_symbol, positions.symbol)""",
    )
    assert len(positions) == 96
    for row in positions:
        given = set(row["tags"]) - set(row["automatic_tags"])
        assigned = expected[row["portfolio_name"], row["symbol"]] - set(row["automatic_tags"])
        assert given == assigned, row["symbol"]
        automatic = {row["sector"]} if row["sector"] and row["investment_class"] != "PRIVATE" else set()
        automatic |= {"options"} if row["investment_class"] == "OPTIONS" else set()
        assert set(row["automatic_tags"]) == automatic, row["symbol"]


def test_position_values_name_the_underlying_and_the_sector_of_the_exposures(demo: Warehouse) -> None:
    (row,) = rows_of(
        demo,
        """with by_sector as (
            select held.portfolio_id, as_of_date, sum(market_value) as net_exposure,
                case held.investment_class
                    when 'PRIVATE' then 'Private' else coalesce(sector, 'Unclassified')
                end as bucket
            from marts.fct_position_values as held join marts.dim_positions using (position_id)
            where is_open and not is_cash_equivalent group by held.portfolio_id, as_of_date, bucket
        )
        select count(*) as buckets,
            count(*) filter (where by_sector.net_exposure is distinct from groups.net_exposure) as others
        from by_sector full join (
            select * from marts.fct_exposures_by_group where dimension = 'sector'
        ) as groups using (portfolio_id, as_of_date, bucket)""",
    )
    assert row["buckets"] > 500
    assert row["others"] == 0
    (row,) = rows_of(
        demo,
        """select count(*) as options, count(*) filter (
                where held.underlying_symbol is distinct from positions.underlying_symbol
            ) as others
        from marts.fct_position_values as held join marts.dim_positions as positions using (position_id)
        where held.investment_class = 'OPTIONS' or held.underlying_symbol is not null""",
    )
    assert row["options"] > 100
    assert row["others"] == 0


def test_a_simulated_profile_completes_what_other_sources_say(demo: Warehouse) -> None:
    insert = """
        with load as (
            insert into ops.loads (load_id, source, dataset, status, started_at, finished_at)
            overriding system value values (9999, 'files', 'company_profiles', 'succeeded', now(), now())
            returning load_id, source
        )
        insert into raw.company_profiles
            (load_id, loaded_at, source, symbol, profile_date, name, sector, dividend_yield, details)
        select load_id, now(), source, symbol, day::date, name, sector, paid, '{"pe_ratio": 30}'
        from load,
            (values ('AAPL', '2025-06-30', 'Apple', 'Fruit', null),
                ('MSFT', '2025-07-01', 'Same day', 'Office', 0.5),
                ('TSLA', '2025-07-02', 'Later', null, null)) as added (symbol, day, name, sector, paid)
        """
    select = """
        select symbol, source, name, sector, dividend_yield, details ->> 'pe_ratio' as ratio
        from staging.stg_raw__company_profiles where profile_date >= '2025-07-01' order by 1, profile_date
        """
    with psycopg.connect(demo.writer_url) as connection:
        connection.execute(insert)
        found = [
            row for row in connection.execute(select).fetchall() if row[0] in {"AAPL", "MSFT", "NVDA", "TSLA"}
        ]
        connection.rollback()
    assert found == [
        ("AAPL", "simulated", "Apple", "Fruit", 0.004, "30"),
        ("MSFT", "files", "Same day", "Office", 0.5, "30"),
        ("NVDA", "simulated", "NVIDIA Corporation", "Technology", 0.0003, None),
        ("TSLA", "simulated", "Tesla, Inc.", "Consumer Cyclical", 0.0, None),
        ("TSLA", "files", "Later", None, None, "30"),
    ]


def test_exposures_by_tag_include_every_tag(demo: Warehouse) -> None:
    found = rows_of(
        demo,
        f"""select distinct bucket from marts.fct_exposures_by_group
        where dimension = 'tag' and as_of_date = '{LAST}'""",
    )
    buckets = {row["bucket"] for row in found}
    assert {row["tag"] for row in file_rows("tags.csv")} <= buckets
    assert {"Technology", "options"} <= buckets
