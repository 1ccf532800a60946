-- From layout 20 on, fct_option_pnl_explain explains the P&L of options by their Greeks, and fct_attribution_daily has
-- tags. All of history is built again, so that the past has them.

insert into ops.rebuilds (reason) values ('the P&L of options is explained, and the return attributed to tags');
