-- From layout 23 on, fct_portfolio_risk has the value at risk of a fixed bad window. All of history is built again, so that
-- the past has it.

insert into ops.rebuilds (reason) values ('value at risk of a fixed bad window is published');
