-- Euler contributions to the tracking error of the risk model (Tasche 1999): active weight times the derivative of the
-- tracking error with respect to it. The benchmark is a short holding of the size of the equity.
with figure as (
    select
        benchmark_risk.benchmark_symbol,
        benchmark_risk.tracking_error_ex_ante,
        cast(snapshots.equity as double precision) as equity,
        case
            when benchmark_risk.ex_ante_null_reason is not null then benchmark_risk.ex_ante_null_reason
            -- 0 up to the rounding of dollar exposures
            when benchmark_risk.tracking_error_ex_ante * snapshots.equity < 1e-6 then 'no_active_risk'
        end as null_reason
    from {{ mart('fct_benchmark_risk') }} as benchmark_risk
    inner join {{ mart('fct_portfolio_snapshots') }} as snapshots
        on
            benchmark_risk.portfolio_id = snapshots.portfolio_id
            and benchmark_risk.as_of_date = snapshots.as_of_date
    where
        benchmark_risk.portfolio_id = portfolio_active_risk.portfolio_id
        and benchmark_risk.as_of_date = portfolio_active_risk.as_of_date
        and {{ accepted('part_of', 'part_of', ['position', 'symbol', 'sector', 'factor']) }}
),

-- cash moves with nothing
holdings as (
    select
        position_values.position_id,
        position_values.symbol,
        coalesce(position_values.underlying_symbol, position_values.symbol) as pricing_symbol,
        case
            when position_values.investment_class = 'PRIVATE' then 'Private'
            else coalesce(position_values.sector, 'Unclassified')
        end as sector,
        details.is_cash_equivalent,
        position_values.investment_class = 'PRIVATE' as is_private,
        case
            when details.is_cash_equivalent then 0
            when position_values.investment_class <> 'PRIVATE' and figure.equity > 0
                then cast(position_values.delta_adjusted_exposure as double precision) / figure.equity
        end as portfolio_weight,
        0 as benchmark_weight,
        position_values.delta_adjusted_null_reason
    from figure
    inner join {{ mart('fct_position_values') }} as position_values
        on
            portfolio_active_risk.portfolio_id = position_values.portfolio_id
            and portfolio_active_risk.as_of_date = position_values.as_of_date
    inner join {{ mart('dim_positions') }} as details on position_values.position_id = details.position_id
    where position_values.is_open
    union all
    select
        null as position_id,
        benchmark_symbol as symbol,
        benchmark_symbol as pricing_symbol,
        'Benchmark' as sector,
        false as is_cash_equivalent,
        false as is_private,
        0 as portfolio_weight,
        1 as benchmark_weight,
        null as delta_adjusted_null_reason
    from figure
),

betas as materialized (
    select
        symbol,
        factor,
        beta,
        residual_volatility * residual_volatility as residual_variance
    from {{ mart('fct_symbol_factor_betas') }}
    where
        model = 'risk'
        and as_of_date = portfolio_active_risk.as_of_date
        and symbol = any(array(select distinct holdings.pricing_symbol from holdings))
),

positions as (
    select
        holdings.*,
        case
            when figure.null_reason is not null then figure.null_reason
            when holdings.is_private then 'private'
            when holdings.is_cash_equivalent then null
            when holdings.portfolio_weight is null then holdings.delta_adjusted_null_reason
            when holdings.pricing_symbol not in (select betas.symbol from betas) then 'no_betas'
        end as null_reason
    from holdings
    cross join figure
),

symbols as (
    select
        pricing_symbol,
        sum(portfolio_weight order by position_id) as portfolio_weight,
        sum(benchmark_weight) as benchmark_weight,
        sum(portfolio_weight - benchmark_weight order by position_id) as active_weight
    from positions
    where null_reason is null and not is_cash_equivalent
    group by pricing_symbol
),

factors as (
    select
        betas.factor,
        sum(symbols.portfolio_weight * betas.beta order by betas.symbol) as portfolio_beta,
        sum(symbols.benchmark_weight * betas.beta order by betas.symbol) as benchmark_beta,
        sum(symbols.active_weight * betas.beta order by betas.symbol) as active_beta
    from symbols
    inner join betas on symbols.pricing_symbol = betas.symbol
    group by betas.factor
),

-- derivative of the tracking error with respect to each active beta
factor_slopes as (
    select
        factors.*,
        (
            select sum(covariances.ewma_covariance * others.active_beta order by others.factor)
            from {{ mart('fct_factor_correlations') }} as covariances
            inner join factors as others on covariances.factor_2 = others.factor
            where
                covariances.as_of_date = portfolio_active_risk.as_of_date
                and covariances.model = 'risk'
                and covariances.factor_1 = factors.factor
        ) / figure.tracking_error_ex_ante as marginal
    from factors
    cross join figure
),

-- and to each active weight: by the factors, and by the symbol's own residual
symbol_slopes as (
    select
        symbols.pricing_symbol,
        sum(betas.beta * factor_slopes.marginal order by betas.factor)
        + min(betas.residual_variance) * symbols.active_weight / figure.tracking_error_ex_ante as marginal,
        min(betas.residual_variance) * symbols.active_weight * symbols.active_weight
        / figure.tracking_error_ex_ante as specific
    from symbols
    cross join figure
    inner join betas on symbols.pricing_symbol = betas.symbol
    inner join factor_slopes on betas.factor = factor_slopes.factor
    group by symbols.pricing_symbol, symbols.active_weight, figure.tracking_error_ex_ante
),

parts as (
    select
        case part_of
            when 'position' then coalesce(cast(positions.position_id as text), 'Benchmark')
            when 'symbol' then positions.pricing_symbol
            when 'sector' then positions.sector
        end as part,
        positions.position_id,
        positions.symbol,
        case when positions.null_reason is null then positions.portfolio_weight end as portfolio_weight,
        case when positions.null_reason is null then positions.benchmark_weight end as benchmark_weight,
        case
            when positions.null_reason is null
                then (positions.portfolio_weight - positions.benchmark_weight) * coalesce(symbol_slopes.marginal, 0)
        end as contribution,
        positions.null_reason
    from positions
    left join symbol_slopes
        on positions.pricing_symbol = symbol_slopes.pricing_symbol and not positions.is_cash_equivalent
    where part_of <> 'factor'
),

summed as (
    select
        part,
        case when part_of = 'position' then min(cast(position_id as text)) end as position_id,
        case when part_of = 'position' then min(symbol) end as symbol,
        sum(portfolio_weight order by position_id) as portfolio_exposure,
        cast(sum(benchmark_weight) as double precision) as benchmark_exposure,
        sum(portfolio_weight - benchmark_weight order by position_id) as active_exposure,
        sum(contribution order by position_id) as contribution,
        count(position_id) as part_count,
        count(position_id) filter (where contribution is not null) as measured_count,
        min(null_reason) as null_reason
    from parts
    group by part
    union all
    select
        factor as part,
        null as position_id,
        null as symbol,
        portfolio_beta as portfolio_exposure,
        benchmark_beta as benchmark_exposure,
        active_beta as active_exposure,
        active_beta * marginal as contribution,
        0 as part_count,
        0 as measured_count,
        null as null_reason
    from factor_slopes
    where part_of = 'factor'
    union all
    select
        'Specific' as part,
        null as position_id,
        null as symbol,
        null as portfolio_exposure,
        null as benchmark_exposure,
        null as active_exposure,
        sum(specific order by pricing_symbol) as contribution,
        0 as part_count,
        0 as measured_count,
        null as null_reason
    from symbol_slopes
    where part_of = 'factor'
    having count(*) > 0
)

select
    summed.part,
    cast(summed.position_id as uuid) as position_id,
    summed.symbol,
    summed.portfolio_exposure,
    summed.benchmark_exposure,
    summed.active_exposure,
    summed.contribution / nullif(summed.active_exposure, 0) as marginal,
    -- adding 0 turns -0 into 0
    0 + summed.contribution as contribution,
    0 + summed.contribution / figure.tracking_error_ex_ante as share, -- noqa: RF04
    figure.tracking_error_ex_ante as total,
    summed.part_count as position_count,
    summed.measured_count,
    case when summed.contribution is null then summed.null_reason end as null_reason
from summed
cross join figure
