{{ config(materialized='ephemeral') }}

-- The move of each factor of the risk model on each session of the window, as the model of the close before defines it:
-- what its proxy returns beyond the market. A session without a yield is measured by the bond fund.
with factors as (
    select * from {{ ref('factors') }}
    where model = 'risk'
),

market as (
    select proxy_symbol as symbol from factors
    where factor = 'Market'
),

calendar as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since=first_date()) }}
),

yield_changes as (
    select * from {{ ref('int_yield_changes') }}
),

-- the slopes on the market are the same for all symbols, and the market has them too
slopes as (
    select betas.*
    from ({{ market_rows(
        ref('fct_symbol_factor_betas'),
        since='(select min(windows.session_before) from ' ~ ref('int_portfolio_windows') ~ ' as windows)'
    ) }}) as betas
    inner join market on betas.symbol = market.symbol
    where betas.model = 'risk'
),

moved as (
    select
        calendar.as_of_date,
        factors.factor,
        slopes.style_beta,
        market_prices.daily_return as market_return,
        case
            when factors.factor = 'Interest Rate'
                then coalesce(
                    case when slopes.rate_proxy = factors.proxy_symbol then yield_changes.yield_change end,
                    -bond_prices.daily_return / {{ var('factor_rules').rate_proxy_duration }}
                )
            else proxy_prices.daily_return
        end as proxy_move
    from calendar
    cross join factors
    cross join market
    inner join slopes on calendar.previous_trading_day = slopes.as_of_date and factors.factor = slopes.factor
    left join prices as market_prices
        on calendar.as_of_date = market_prices.as_of_date and market.symbol = market_prices.symbol
    left join prices as proxy_prices
        on calendar.as_of_date = proxy_prices.as_of_date and factors.proxy_symbol = proxy_prices.symbol
    left join prices as bond_prices
        on
            calendar.as_of_date = bond_prices.as_of_date
            and bond_prices.symbol = '{{ var('factor_rules').rate_proxy_symbol }}'
    left join yield_changes on calendar.as_of_date = yield_changes.as_of_date
),

final as (
    select
        as_of_date,
        factor,
        case when factor = 'Market' then proxy_move else proxy_move - style_beta * market_return end as factor_return
    from moved
)

select * from final
