-- From layout 19 on, fct_benchmark_risk shows the risk of portfolios against their benchmarks. All of history is built again,
-- so that the past has it.

insert into ops.rebuilds (reason) values ('risk against the benchmark is published');
