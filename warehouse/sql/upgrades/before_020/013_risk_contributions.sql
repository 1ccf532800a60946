-- From layout 13 on, fct_risk_contributions shows what each position contributes to the volatility of its portfolio. All
-- of history is built again, so that the contributions of the past are there.

insert into ops.rebuilds (reason) values ('contributions of positions to risk are published');
