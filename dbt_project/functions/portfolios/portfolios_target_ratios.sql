-- Expected return to the end of the year in excess of the 3-month Treasury yield, over the risk model's volatility for
-- that period (Sharpe) or over the loss at the downside targets (Sortino; only positions with both targets, so that
-- numerator and denominator cover the same ones). The yield is charged on the share of the portfolio whose targets are
-- used, not on cash. The volatility is that of the whole portfolio: if too little of it has a target, the Sharpe ratio
-- is null.
with symbols as (
    select
        portfolio_id,
        symbol,
        sum(market_value) as market_value,
        bool_and(price_source = 'cash') as is_cash
    from {{ mart('fct_position_values') }} as position_values
    where
        position_values.portfolio_id = any(portfolio_ids)
        and position_values.as_of_date = portfolios_target_ratios.as_of_date
        and position_values.is_open
    group by portfolio_id, symbol
),

gross as (
    select
        portfolio_id,
        nullif(sum(abs(market_value)), 0) as market_value
    from symbols
    where is_cash is not true
    group by portfolio_id
),

targets as (
    select
        prices.*,
        prices.expected_return_eoy is not null and prices.downside_return is not null as is_two_sided
    from {{ mart('fct_target_prices') }} as prices
    inner join symbols on prices.portfolio_id = symbols.portfolio_id and prices.symbol = symbols.symbol
    where
        prices.portfolio_id = any(portfolio_ids)
        and prices.as_of_date = portfolios_target_ratios.as_of_date
),

sums as (
    select
        portfolio_id,
        cast(sum(contribution_to_portfolio_return) as numeric) as expected_return,
        sum(abs(market_value)) filter (where expected_return_eoy is not null) as covered_value,
        cast(sum(contribution_to_portfolio_return) filter (where is_two_sided) as numeric) as two_sided_return,
        cast(sum(abs(position_weight) * downside_return) filter (where is_two_sided) as numeric) as downside_return,
        sum(abs(market_value)) filter (where is_two_sided) as two_sided_value
    from targets
    group by portfolio_id
),

risk as (
    select
        portfolio_id,
        cast(total_volatility as numeric) as volatility
    from {{ mart('fct_portfolio_risk') }} as risk
    where
        risk.portfolio_id = any(portfolio_ids)
        and risk.as_of_date = portfolios_target_ratios.as_of_date
),

-- the newest yield of the last days, because the bond market has additional holidays
risk_free as (
    select cast(rate as numeric) as rate
    from {{ mart('fct_treasury_rates') }}
    where
        series = 'DGS3MO'
        and rate_date between portfolios_target_ratios.as_of_date - {{ var('stale_curve_days') }}
        and portfolios_target_ratios.as_of_date
    order by rate_date desc
    limit 1
),

horizon as (
    select (
        make_date(cast(extract(year from portfolios_target_ratios.as_of_date) as integer), 12, 31)
        - portfolios_target_ratios.as_of_date
    ) / 365.0 as years
)

select
    sums.portfolio_id,
    case
        when sums.covered_value / gross.market_value >= {{ var('target_minimum_share') }}
            then
                (sums.expected_return - risk_free.rate * horizon.years * (sums.covered_value / gross.market_value))
                / nullif(risk.volatility * sqrt(horizon.years), 0)
    end as expected_sharpe_ratio,
    case
        when sums.downside_return < 0
            then
                (
                    sums.two_sided_return
                    - risk_free.rate * horizon.years * (sums.two_sided_value / gross.market_value)
                ) / -sums.downside_return
    end as expected_sortino_ratio,
    sums.covered_value / gross.market_value as covered_share
from sums
left join gross on sums.portfolio_id = gross.portfolio_id
cross join horizon
left join risk on sums.portfolio_id = risk.portfolio_id
left join risk_free on true
