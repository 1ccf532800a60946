-- How diversified the portfolio is: 0 uncorrelated, 1 perfectly correlated; and its number of independent bets.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.diversification_score,
    facts.effective_bets,
    facts.mean_correlation,
    facts.symbols_included,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_correlation as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
