{%- set rules = var('correlation_rules') -%}
-- Private holdings and cash have no returns, and a new symbol has too few.
with sizes as materialized (
    select
        symbol,
        gross_exposure
    from {{ udf('portfolios_symbol_shares') }}(portfolio_ids, portfolios_correlated_symbols.as_of_date)
),

-- the last sessions, as many as the window is long
sessions as (
    select as_of_date
    from {{ mart('dim_dates') }}
    where
        is_trading_day
        and as_of_date <= portfolios_correlated_symbols.as_of_date
        and as_of_date > portfolios_correlated_symbols.as_of_date - {{ (rules.window * 5 / 3) | round | int }}
    order by as_of_date desc
    limit {{ rules.window }}
),

returns as (
    select
        symbol,
        count(*) as return_count
    from {{ mart('fct_prices') }}
    where
        symbol = any(array(select sizes.symbol from sizes))
        and as_of_date >= (select min(sessions.as_of_date) from sessions)
        and as_of_date <= portfolios_correlated_symbols.as_of_date
        and daily_return is not null
    group by symbol
)

select
    sizes.symbol,
    sizes.gross_exposure,
    coalesce(returns.return_count, 0) as return_count,
    case
        when returns.return_count >= {{ rules.minimum }} then row_number() over (
            partition by coalesce(returns.return_count >= {{ rules.minimum }}, false)
            order by sizes.gross_exposure desc, sizes.symbol asc
        )
    end as size_rank,
    (select min(sessions.as_of_date) from sessions) as from_date
from sizes
left join returns on sizes.symbol = returns.symbol
