-- Market betas of the symbols held, options by their underlying, the largest first.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.model,
    facts.factor,
    facts.beta,
    facts.std_error,
    facts.t_stat,
    facts.r_squared,
    facts.observations,
    facts.quality_flag
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join fct_symbol_factor_betas as facts on held.symbol = facts.symbol
where
    facts.symbol = any(array(select symbol from held))
    and facts.as_of_date = %(as_of_date)s::date
    and facts.model = 'market'
order by portfolios.portfolio_name, facts.beta desc, held.symbol
