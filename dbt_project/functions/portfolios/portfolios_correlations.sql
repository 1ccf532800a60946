{%- set rules = var('correlation_rules') -%}
with candidates as materialized (
    select
        symbol,
        from_date
    from {{ udf('portfolios_correlated_symbols') }}(portfolio_ids, portfolios_correlations.as_of_date)
    where size_rank <= compared_symbols
),

returns as materialized (
    select
        symbol,
        as_of_date,
        daily_return
    from {{ mart('fct_prices') }}
    where
        symbol = any(array(select candidates.symbol from candidates))
        and as_of_date >= (select min(candidates.from_date) from candidates)
        and as_of_date <= portfolios_correlations.as_of_date
        and daily_return is not null
),

pairs as (
    select
        first_leg.symbol as symbol_1,
        second_leg.symbol as symbol_2,
        least(greatest(corr(first_leg.daily_return, second_leg.daily_return), -1), 1) as correlation,
        count(*) as observations
    from returns as first_leg
    inner join returns as second_leg
        on first_leg.as_of_date = second_leg.as_of_date and first_leg.symbol < second_leg.symbol
    group by first_leg.symbol, second_leg.symbol
    having count(*) >= {{ rules.minimum }} and corr(first_leg.daily_return, second_leg.daily_return) is not null
)

select
    symbol_1,
    symbol_2,
    correlation,
    observations,
    avg(correlation) over () as mean_correlation
from pairs
