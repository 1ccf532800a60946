-- From layout 21 on, portfolios have lot methods (raw.lot_methods, made with the tables of every version), and
-- fct_realized_gains and fct_tax_lots show what is realized and what is open by lot. All of history is built again, so that
-- they are there.

insert into ops.rebuilds (reason) values ('realized gains are published by lot');
