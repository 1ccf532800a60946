-- Realized, expected and idiosyncratic volatility of the symbols held, options by their underlying.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.realized_volatility_21d,
    facts.realized_volatility_63d,
    facts.forecast_volatility_21d,
    facts.idiosyncratic_volatility,
    facts.volatility_trend,
    facts.volatility_percentile
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join fct_symbol_risk as facts on held.symbol = facts.symbol
where
    facts.symbol = any(array(select symbol from held))
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.realized_volatility_63d desc nulls last, held.symbol
