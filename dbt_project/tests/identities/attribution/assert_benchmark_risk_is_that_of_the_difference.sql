-- Ex ante: the variance of the difference is that of the portfolio (fct_portfolio_risk) and of the benchmark less twice
-- their covariance, and the parts of factors and symbols add up to it; a portfolio of cash deviates from the benchmark
-- by the benchmark's own volatility. Every portfolio has a row on every session.
with benchmark_risk as (
    select * from ({{ tested_rows(ref('fct_benchmark_risk')) }}) as tested
),

risk as (
    select * from ({{ tested_rows(ref('fct_portfolio_risk')) }}) as tested
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
),

compared as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        snapshots.equity,
        benchmark_risk.benchmark_symbol,
        benchmark_risk.tracking_error_ex_ante,
        benchmark_risk.ex_ante_null_reason,
        power(benchmark_risk.tracking_error_ex_ante, 2) as active_variance,
        power(benchmark_risk.tracking_error_factors, 2) + power(benchmark_risk.tracking_error_specific, 2) as parts,
        -- without a measured position there is no volatility of the portfolio: all of it is cash
        power(coalesce(risk.total_volatility, 0), 2)
        + (1 - 2 * benchmark_risk.beta_ex_ante) * power(benchmark_risk.benchmark_volatility, 2) as of_both,
        power(coalesce(risk.total_volatility, 0), 2) + power(benchmark_risk.benchmark_volatility, 2) as size,
        benchmark_risk.coverage,
        benchmark_risk.coverage_of_equity,
        risk.coverage as coverage_of_risk,
        risk.coverage_of_equity as risk_coverage_of_equity,
        risk.total_volatility
    from snapshots
    left join benchmark_risk
        on
            snapshots.portfolio_id = benchmark_risk.portfolio_id
            and snapshots.as_of_date = benchmark_risk.as_of_date
    left join risk
        on snapshots.portfolio_id = risk.portfolio_id and snapshots.as_of_date = risk.as_of_date
)

select *
from compared
where
    benchmark_symbol is null
    or (equity > 0) <> (ex_ante_null_reason is distinct from 'equity_not_positive')
    or abs(active_variance - parts) > 1e-12 * size
    or abs(active_variance - of_both) > 1e-9 * size
    or (total_volatility is not null and tracking_error_ex_ante is null and ex_ante_null_reason <> 'no_benchmark_betas')
    or (total_volatility is not null and coverage is distinct from coverage_of_risk)
    or (total_volatility is not null and coverage_of_equity is distinct from risk_coverage_of_equity)
