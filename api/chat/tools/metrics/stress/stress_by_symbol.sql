-- The five symbols with the largest loss in each scenario. Only the newest session has it.
with grouped as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.scenario_id,
        facts.symbol,
        sum(facts.direct_pnl) as direct_pnl,
        sum(facts.correlated_pnl) as correlated_pnl,
        sum(facts.replay_pnl) as replay_pnl
    from fct_position_stress as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
    group by portfolios.portfolio_name, facts.as_of_date, facts.scenario_id, facts.symbol
),

ranked as (
    select
        *,
        row_number() over (
            partition by portfolio_name, scenario_id
            order by direct_pnl nulls last, symbol
        ) as loss_rank
    from grouped
)

select
    portfolio_name,
    as_of_date,
    scenario_id,
    loss_rank,
    symbol,
    direct_pnl,
    correlated_pnl,
    replay_pnl
from ranked
where loss_rank <= 5
order by portfolio_name, scenario_id, loss_rank
