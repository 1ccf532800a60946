-- Betas of the symbols held to the factors of the risk model.
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
    and facts.model = 'risk'
order by portfolios.portfolio_name, facts.factor, facts.beta desc, held.symbol
