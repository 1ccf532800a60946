"""docs/distribute.sql on plain PostgreSQL: its functions are replaced by ones that check the rules of Citus.

Source of the rules: Citus documentation, "Determining the data model" and "create_distributed_table".
"""

import psycopg
import pytest

from tests.benchmarks.floor import administrator
from warehouse.connections import Warehouse
from warehouse.settings import project_root
from warehouse.urls import url_parts

pytestmark = pytest.mark.slow

RULES = """
create schema rules;
create table rules.placed (name regclass, is_distributed boolean);
create function rules.create_reference_table(placed regclass) returns void language sql as $$
    insert into rules.placed values (placed, false)
$$;
create function rules.create_distributed_table(placed regclass, by text, colocate_with text) returns void
language plpgsql as $$
declare
    number smallint := (select attnum from pg_attribute where attrelid = placed and attname = by);
    rows bigint;
begin
    if exists (select from pg_index where indrelid = placed and indisunique and not number = any(indkey)) then
        raise exception '% has a unique key without %', placed, by;
    end if;
    if exists (
        select from pg_constraint join rules.placed as other on other.name = confrelid
        where contype = 'f' and conrelid = placed and other.is_distributed
    ) then
        raise exception '% refers to a distributed table by another column', placed;
    end if;
    execute format('select count(*) from %s where %I is null', placed, by) into rows;
    if rows > 0 then
        raise exception '% has % rows without %', placed, rows, by;
    end if;
    insert into rules.placed values (placed, true);
end
$$;
set search_path = rules, public
"""
UNPLACED = """
select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
join rules.placed as placed on placed.name = conrelid
left join rules.placed as other on other.name = confrelid
where contype = 'f' and (other.name is null or (not placed.is_distributed and other.is_distributed))
"""


def test_every_table_can_be_placed(demo: Warehouse) -> None:
    script = (project_root() / "docs" / "distribute.sql").read_text()
    with administrator(demo, str(url_parts(demo.admin_url)["dbname"])) as connection:
        with connection.transaction(force_rollback=True):
            connection.execute(RULES)
            connection.execute(script.encode())
            placed = dict(
                connection.execute("select name::text, is_distributed from rules.placed").fetchall()
            )
            assert connection.execute(UNPLACED).fetchall() == []
        with connection.transaction(force_rollback=True):
            connection.execute(RULES)
            as_it_is = script.replace("alter table raw.positions", "--").encode()
            with pytest.raises(psycopg.errors.RaiseException, match="positions has a unique key without"):
                connection.execute(as_it_is)
    assert placed["raw.positions"]
    assert placed["published.packed_fct_portfolio_stress"]
    assert placed["published.fct_portfolio_risk"]
    assert not placed["raw.prices"]
    assert not placed["published.int_security_stress"]
    assert not placed["ops.restatements"]


def test_what_is_of_positions_knows_their_portfolio(demo: Warehouse) -> None:
    """A table by position only could be on no server."""
    with demo.connect_writer() as connection:
        found = connection.execute(
            """select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
            where relkind = 'r'
                and relnamespace::regnamespace::text in ('raw', 'ops', 'published', 'intermediate')
            group by attrelid
            having 'position_id' = any(array_agg(attname)) and not 'portfolio_id' = any(array_agg(attname))"""
        ).fetchall()
    assert found == []
