-- Dividends received (negative: paid on short positions) by symbol: this year and since inception.
select
    portfolios.portfolio_name,
    facts.symbol,
    coalesce(sum(facts.dividends) filter (
        where facts.as_of_date >= date_trunc('year', %(as_of_date)s::date)::date
    ), 0) as dividends_ytd,
    sum(facts.dividends) as dividends_since_inception,
    max(facts.as_of_date) as last_ex_date
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
    and facts.dividends <> 0
group by portfolios.portfolio_name, facts.symbol
order by portfolios.portfolio_name, dividends_ytd desc, facts.symbol
