-- How fast the portfolio can be sold, each position at its own pace, what it costs, and the value at risk meanwhile.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.share_1d,
    facts.share_7d,
    facts.share_30d,
    facts.share_illiquid,
    facts.days_to_liquidate_95,
    facts.days_to_liquidate_100,
    facts.cost,
    facts.cost_pct_equity,
    facts.cost_coverage,
    facts.unwinding_days,
    facts.liquidity_adjusted_var,
    facts.liquidity_adjusted_var_99,
    facts.liquidity_adjusted_var_null_reason,
    facts.coverage,
    facts.quality_flag,
    facts.quality_message
from fct_portfolio_liquidity as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
