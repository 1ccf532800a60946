with series as materialized (
    select * from {{ udf('portfolio_series') }}(
        portfolio_factor_attribution.portfolio_id,
        portfolio_factor_attribution.from_date,
        portfolio_factor_attribution.to_date
    )
    where session_number > 0
),

attribution as materialized (
    select * from {{ mart('fct_factor_attribution_daily') }}
    where
        portfolio_id = portfolio_factor_attribution.portfolio_id
        and as_of_date between
        coalesce(portfolio_factor_attribution.from_date, date '-infinity')
        and coalesce(portfolio_factor_attribution.to_date, date 'infinity')
),

-- a contribution is an effect against a benchmark that earns nothing
coefficients as (
    select
        array_agg(as_of_date order by session_number) as dates,
        case
            when count(time_weighted) = count(*)
                then {{ udf('linking_coefficients') }}(
                    array_agg(daily_return order by session_number),
                    array_agg(cast(0 as double precision) order by session_number),
                    portfolio_factor_attribution.method
                )
        end as of_contributions,
        count(time_weighted) = count(*) as is_chained
    from series
),

linked as (
    select
        sessions.as_of_date,
        sessions.of_contribution,
        coefficients.is_chained
    from coefficients
    cross join lateral unnest(coefficients.dates, coefficients.of_contributions) as sessions (as_of_date, of_contribution)
)

select
    attribution.factor,
    count(*) as sessions,
    case when count(attribution.beta) = count(*) then avg(attribution.beta) end as beta,
    case
        when count(attribution.contribution) = count(*)
            then sum(attribution.contribution * linked.of_contribution order by attribution.as_of_date)
    end as contribution,
    case
        when not bool_and(linked.is_chained) then 'return_chain_broken'
        else min(attribution.null_reason)
    end as null_reason,
    cast(count(attribution.contribution) as double precision) / count(*) as coverage
from attribution
inner join linked on attribution.as_of_date = linked.as_of_date
group by attribution.factor
