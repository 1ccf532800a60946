-- The portfolio's expected return if its targets for the end of the year are reached: the sum of the contributions.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    sum(facts.contribution_to_portfolio_return) as expected_return_eoy,
    count(facts.contribution_to_portfolio_return) as symbols_with_contribution,
    count(*) as symbols_with_targets
from fct_target_prices as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
group by portfolios.portfolio_name, facts.as_of_date
order by portfolios.portfolio_name
