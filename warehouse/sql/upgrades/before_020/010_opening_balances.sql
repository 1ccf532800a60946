-- From layout 10 on, a portfolio may open at the values of its first statement, withdrawn lots are in no mart, and
-- fct_trades lists what changed each position. Portfolios that are known perform from the entries of their lots, as
-- before. All of history is built again, so that the trades of the past are there.

alter table if exists published.int_position_values
add column if not exists unrealized_at_opening numeric(38, 2) default 0;

alter table if exists published.fct_portfolio_snapshots
add column if not exists unrealized_at_opening numeric(38, 2) default 0;

insert into ops.rebuilds (reason) values ('trades are published, and lots that were withdrawn are not');
