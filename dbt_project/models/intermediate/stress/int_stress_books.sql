{{ config(materialized='ephemeral') }}

-- The stressed symbols of each portfolio as one book: how much is invested, its market beta, and whether its stress is
-- comparable with that beta (long, without options, in enough symbols, and not defensive).
with holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

betas as (
    select * from {{ ref('int_risk_betas') }}
    where factor = 'Market'
),

books as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        min(holdings.exposure) > 0
        and bool_and(holdings.linear_positions = holdings.known_positions) as is_long_and_linear,
        sum(holdings.exposure order by holdings.symbol) as invested,
        sum(holdings.exposure * betas.beta order by holdings.symbol) as market_exposure,
        sum(holdings.exposure * holdings.exposure order by holdings.symbol) as squared
    from holdings
    inner join betas on holdings.symbol = betas.symbol and holdings.as_of_date = betas.as_of_date
    group by holdings.portfolio_id, holdings.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        invested,
        market_exposure / invested as beta
    from books
    where
        is_long_and_linear
        and invested * invested >= {{ var('stress_limits').positions }} * squared
        and market_exposure >= {{ var('stress_limits').beta }} * invested
)

select * from final
