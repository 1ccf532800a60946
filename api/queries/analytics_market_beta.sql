-- GET /analytics/portfolio/{id}/market-beta: the beta of what is held at the close (betas of the symbols, weighted),
-- and the beta of the returns that the portfolio had. No row: not this user's. A row without a body: the portfolio
-- begins later.
-- with portfolio_scope, portfolio_market_exposure, portfolio_quality
with model as (
    select
        proxy_symbol,
        window_days,
        min_observations
    from dim_factors
    where model = 'market' and factor = 'Market'
),

own_returns as (
    select
        as_of_date,
        daily_return
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date <= %(as_of_date)s::date
    order by as_of_date desc
    limit (select window_days from model)
),

market_returns as (
    select
        as_of_date,
        daily_return
    from fct_prices
    where
        symbol = (select proxy_symbol from model)
        and as_of_date >= (select min(as_of_date) from own_returns)
        and as_of_date <= %(as_of_date)s::date
),

-- the portfolio's own returns on SPY's, over the window of the market model
direct as (
    select
        regr_count(own.daily_return, spy.daily_return) as observations,
        case
            when regr_count(own.daily_return, spy.daily_return) >= min(model.min_observations)
                then regr_slope(own.daily_return, spy.daily_return)
        end as beta,
        case
            when regr_count(own.daily_return, spy.daily_return) >= min(model.min_observations)
                then regr_r2(own.daily_return, spy.daily_return)
        end as r_squared
    from own_returns as own
    inner join market_returns as spy on own.as_of_date = spy.as_of_date
    cross join model
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', exposure.beta is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when exposure.beta is not null then snapshot.as_of_date end,
            'data', case
                when exposure.beta is not null then json_build_object(
                    'market_beta_weighted', round(exposure.beta::numeric, 6),
                    'market_beta_direct', round(direct.beta::numeric, 6),
                    'market_beta_r_squared', round(direct.r_squared::numeric, 6),
                    'market_beta_observations', direct.observations
                )
            end,
            'metadata', json_build_object(
                'model', 'market',
                'proxy_symbol', (select proxy_symbol from model),
                'window_days', (select window_days from model),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join direct
left join exposure on true
