with series as materialized (
    select * from {{ udf('portfolio_series') }}(
        portfolio_attribution.portfolio_id, portfolio_attribution.from_date, portfolio_attribution.to_date
    )
    where session_number > 0
),

attribution as materialized (
    select * from {{ mart('fct_attribution_daily') }}
    where
        portfolio_id = portfolio_attribution.portfolio_id
        and dimension = portfolio_attribution.dimension
        and {{ accepted('dimension', 'portfolio_attribution.dimension', ['sector', 'investment_class', 'tag']) }}
        and as_of_date between
        coalesce(portfolio_attribution.from_date, date '-infinity')
        and coalesce(portfolio_attribution.to_date, date 'infinity')
),

-- A contribution is an effect against a benchmark that earns nothing.
coefficients as (
    select
        count(*) as session_count,
        array_agg(as_of_date order by session_number) as dates,
        case
            when count(time_weighted) = count(*)
                then {{ udf('linking_coefficients') }}(
                    array_agg(daily_return order by session_number),
                    array_agg(cast(0 as double precision) order by session_number),
                    portfolio_attribution.method
                )
        end as of_contributions,
        case
            when count(time_weighted) = count(*) and count(benchmark_return) = count(*)
                then {{ udf('linking_coefficients') }}(
                    array_agg(daily_return order by session_number),
                    array_agg(benchmark_return order by session_number),
                    portfolio_attribution.method
                )
        end as of_effects,
        count(time_weighted) = count(*) as is_chained
    from series
),

linked as (
    select
        sessions.as_of_date,
        sessions.of_contribution,
        sessions.of_effect,
        coefficients.session_count,
        coefficients.is_chained
    from coefficients
    cross join lateral unnest(coefficients.dates, coefficients.of_contributions, coefficients.of_effects)
        as sessions (as_of_date, of_contribution, of_effect)
),

summed as (
    select
        attribution.segment,
        max(linked.session_count) as session_count,
        bool_and(linked.is_chained) as is_chained,
        count(*) as days,
        count(attribution.benchmark_weight) as weight_days,
        count(linked.of_effect) as linked_days,
        count(attribution.allocation) as allocation_days,
        count(attribution.effect) as effect_days,
        sum(attribution.portfolio_weight) as portfolio_weight,
        sum(attribution.benchmark_weight) as benchmark_weight,
        sum(attribution.contribution * linked.of_contribution order by attribution.as_of_date) as contribution,
        case when count(attribution.benchmark_return) = count(*) then udf.product(1 + attribution.benchmark_return) end
            as benchmark_growth,
        sum(attribution.allocation * linked.of_effect order by attribution.as_of_date) as allocation,
        sum(attribution.selection * linked.of_effect order by attribution.as_of_date) as selection,
        sum(attribution.effect * linked.of_effect order by attribution.as_of_date) as effect, -- noqa: RF04
        min(attribution.null_reason) as null_reason
    from attribution
    inner join linked on attribution.as_of_date = linked.as_of_date
    group by attribution.segment
)

select
    segment,
    days as sessions,
    case when is_chained then portfolio_weight / session_count end as portfolio_weight,
    case when weight_days = days then benchmark_weight / session_count end as benchmark_weight,
    contribution,
    benchmark_growth - 1 as benchmark_return,
    case when linked_days = days and allocation_days = days then allocation end as allocation,
    case when linked_days = days and allocation_days = days then selection end as selection,
    case when linked_days = days and effect_days = days then effect end as effect,
    case
        when not is_chained then 'return_chain_broken'
        when linked_days < days then 'benchmark_returns_missing'
        when allocation_days < days then null_reason
    end as null_reason,
    -- the benchmark residual has an effect and no parts
    cast(case when segment = 'Benchmark residual' then effect_days else allocation_days end as double precision)
    / days as coverage
from summed
