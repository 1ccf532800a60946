{{ config(materialized='ephemeral') }}

-- Annualized variance of the difference between the returns of a portfolio and of its benchmark by the risk model: the
-- benchmark counts as a short holding of the size of the equity, with its betas and its specific variance.
with scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

benchmarks as (
    select * from {{ ref('fct_benchmark_returns') }}
    where {{ is_being_built() }}
),

symbols as (
    select * from {{ ref('int_symbol_variances') }}
),

betas as (
    select * from {{ ref('int_risk_betas') }}
),

covariances as (
    select * from {{ ref('int_window_covariances') }}
),

exposures as (
    select * from {{ ref('int_portfolio_factor_sums') }}
    where model = 'risk'
),

variances as (
    select * from {{ ref('int_portfolio_factor_variances') }}
),

totals as (
    select * from {{ ref('int_portfolio_variances') }}
),

holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

-- few symbols are benchmarks: each once
benchmark_factors as materialized (
    select
        betas.symbol,
        betas.as_of_date,
        betas.factor,
        betas.beta,
        sum(covariances.ewma_covariance * other_betas.beta order by other_betas.factor) as covariance
    from betas
    inner join covariances on betas.as_of_date = covariances.as_of_date and betas.factor = covariances.factor_1
    inner join betas as other_betas
        on
            betas.symbol = other_betas.symbol
            and covariances.as_of_date = other_betas.as_of_date
            and covariances.factor_2 = other_betas.factor
    where betas.symbol in (select distinct benchmarks.symbol from benchmarks)
    group by betas.symbol, betas.as_of_date, betas.factor, betas.beta
),

compared as (
    select
        scopes.*,
        benchmarks.symbol as benchmark_symbol
    from scopes
    inner join benchmarks
        on scopes.portfolio_id = benchmarks.portfolio_id and scopes.as_of_date = benchmarks.as_of_date
),

-- a portfolio of cash has no exposure to any factor
active_factors as (
    select
        compared.portfolio_id,
        compared.as_of_date,
        benchmark_factors.factor,
        coalesce(exposures.dollar_exposure, 0) / compared.equity as beta,
        benchmark_factors.beta as benchmark_beta,
        coalesce(variances.dollar_covariance, 0) / compared.equity as covariance,
        benchmark_factors.covariance as benchmark_covariance
    from compared
    inner join benchmark_factors
        on
            compared.benchmark_symbol = benchmark_factors.symbol
            and compared.as_of_date = benchmark_factors.as_of_date
    left join exposures
        on
            compared.portfolio_id = exposures.portfolio_id
            and compared.as_of_date = exposures.as_of_date
            and benchmark_factors.factor = exposures.factor
    left join variances
        on
            compared.portfolio_id = variances.portfolio_id
            and compared.as_of_date = variances.as_of_date
            and benchmark_factors.factor = variances.factor
    where compared.equity > 0
),

factor_variances as (
    select
        portfolio_id,
        as_of_date,
        -- rounding may leave a zero variance slightly negative
        greatest(sum((beta - benchmark_beta) * (covariance - benchmark_covariance) order by factor), 0)
            as factor_variance,
        sum(beta * benchmark_covariance order by factor) as covariance_with_benchmark
    from active_factors
    group by portfolio_id, as_of_date
),

held as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        sum(
            power(
                holdings.exposure / holdings.equity
                - case when holdings.symbol = compared.benchmark_symbol then 1 else 0 end, 2
            ) * symbols.residual_variance order by holdings.symbol
        ) as specific_variance,
        max(holdings.exposure / holdings.equity) filter (where holdings.symbol = compared.benchmark_symbol)
            as benchmark_weight
    from holdings
    inner join compared
        on holdings.portfolio_id = compared.portfolio_id and holdings.as_of_date = compared.as_of_date
    inner join symbols on holdings.symbol = symbols.symbol and holdings.as_of_date = symbols.as_of_date
    where compared.equity > 0
    group by holdings.portfolio_id, holdings.as_of_date
),

final as (
    select
        compared.portfolio_id,
        compared.as_of_date,
        compared.benchmark_symbol,
        compared.equity,
        factor_variances.factor_variance,
        coalesce(held.specific_variance, 0)
        + case when held.benchmark_weight is null then benchmark.residual_variance else 0 end as specific_variance,
        benchmark.total_variance as benchmark_variance,
        benchmark.residual_variance as benchmark_specific_variance,
        factor_variances.covariance_with_benchmark
        + coalesce(held.benchmark_weight, 0) * benchmark.residual_variance as covariance_with_benchmark,
        {{ covered_share('totals', 'compared') }} as coverage,
        case
            when compared.equity > 0
                then greatest(
                    0, 1 - {{ unmeasured_value('compared', 'totals.covered_market_value') }} / compared.equity
                )
        end as coverage_of_equity,
        case
            when not compared.equity > 0 then 'equity_not_positive'
            when benchmark.symbol is null then 'no_benchmark_betas'
            when
                totals.positions_analyzed > 0
                or {{ unmeasured_value('compared', 'totals.covered_market_value') }} = 0
                then null
            when compared.positions_in_scope = 0 then 'no_public_positions'
            else 'no_factor_data'
        end as null_reason
    from compared
    left join symbols as benchmark
        on compared.benchmark_symbol = benchmark.symbol and compared.as_of_date = benchmark.as_of_date
    left join factor_variances
        on
            compared.portfolio_id = factor_variances.portfolio_id
            and compared.as_of_date = factor_variances.as_of_date
    left join held on compared.portfolio_id = held.portfolio_id and compared.as_of_date = held.as_of_date
    left join totals on compared.portfolio_id = totals.portfolio_id and compared.as_of_date = totals.as_of_date
)

select * from final
