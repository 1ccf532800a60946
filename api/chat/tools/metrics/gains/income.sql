-- Dividends by month, the newest first; negative where short positions paid more.
select
    portfolios.portfolio_name,
    to_char(facts.as_of_date, 'YYYY-MM') as income_month,
    sum(facts.dividends) as dividends
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
    and facts.dividends <> 0
group by portfolios.portfolio_name, to_char(facts.as_of_date, 'YYYY-MM')
order by portfolios.portfolio_name, income_month desc
