-- From layout 16 on, fct_symbol_liquidity, fct_position_liquidity and fct_portfolio_liquidity show how fast positions can
-- be sold. All of history is built again, so that the liquidity of the past is there.

insert into ops.rebuilds (reason) values ('liquidity is published');
