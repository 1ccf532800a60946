-- From layout 12 on, portfolios have benchmarks, and fct_returns_by_period shows their returns beside them. All of history
-- is built again, so that the returns of the past are there.

insert into ops.rebuilds (reason) values ('returns by period and benchmarks are published');
