-- Target prices and the returns they imply, the largest contribution first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    facts.price,
    facts.target_price_eoy,
    facts.target_price_next_year,
    facts.downside_target_price,
    facts.expected_return_eoy,
    facts.expected_return_next_year,
    facts.downside_return,
    facts.position_weight,
    facts.contribution_to_portfolio_return,
    facts.null_reason
from fct_target_prices as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.contribution_to_portfolio_return desc nulls last, facts.symbol
