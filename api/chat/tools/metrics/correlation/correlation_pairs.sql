-- The fifty pairs of symbols with the largest absolute correlation.
with ranked as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.symbol_1,
        facts.symbol_2,
        facts.correlation,
        facts.observations,
        row_number() over (
            partition by facts.portfolio_id
            order by abs(facts.correlation) desc, facts.symbol_1, facts.symbol_2
        ) as strength_rank
    from fct_correlation_pairs as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
)

select
    portfolio_name,
    as_of_date,
    strength_rank,
    symbol_1,
    symbol_2,
    correlation,
    observations
from ranked
where strength_rank <= 50
order by portfolio_name, strength_rank
