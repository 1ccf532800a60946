-- Distributes a warehouse over the servers of Citus, by portfolio. Run once by the administrator, after
-- `create extension citus`, on a warehouse without a running build; see scale.md.

-- A unique key of a distributed table contains the column by which it is distributed.
alter table raw.positions drop constraint positions_pkey, add primary key (portfolio_id, position_id, load_id);
alter table raw.capital_flows drop constraint capital_flows_pkey, add primary key (portfolio_id, flow_id, load_id);
alter table raw.transactions drop constraint transactions_pkey, add primary key (portfolio_id, transaction_id, load_id);

create temporary view placed_tables as
select
    tables.oid::regclass as name,
    exists (
        select from pg_catalog.pg_attribute as columns
        where
            columns.attrelid = tables.oid
            and columns.attname = 'portfolio_id'
            -- some restatements and volatilities are of no portfolio; the tables of a build have no constraints
            and (columns.attnotnull or tables.relnamespace = 'intermediate'::regnamespace)
            and tables.relname <> 'int_option_volatilities'
    ) as is_of_portfolios
from pg_catalog.pg_class as tables
where
    tables.relkind = 'r'
    and tables.relnamespace::regnamespace::text in ('raw', 'ops', 'published', 'intermediate');

-- What is about symbols, days, users and builds is on every server. It comes first: keys refer to it.
select create_reference_table(placed_tables.name)
from placed_tables
where not placed_tables.is_of_portfolios;

-- All rows of a portfolio are on one server.
select create_distributed_table(placed_tables.name, 'portfolio_id', colocate_with => 'default')
from placed_tables
where placed_tables.is_of_portfolios;
