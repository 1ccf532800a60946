-- The P&L of each option held in a range, of which the query has option_pnl_range, explained by the Greeks: the terms
-- of the sessions that are, and what is not explained, add up to it.
with option_pnl as (
    select
        option_pnl_range.period,
        explained.position_id,
        explained.symbol,
        explained.underlying_symbol,
        count(*) as sessions,
        sum(explained.daily_pnl) as pnl,
        sum(explained.trade_pnl) as trade_pnl,
        sum(explained.delta_pnl) as delta_pnl,
        sum(explained.gamma_pnl) as gamma_pnl,
        sum(explained.theta_pnl) as theta_pnl,
        sum(explained.vega_pnl) as vega_pnl,
        sum(explained.rho_pnl) as rho_pnl,
        sum(explained.residual) as residual,
        sum(case when explained.residual is null then explained.daily_pnl - explained.trade_pnl else 0 end)
            as unexplained_pnl,
        count(explained.residual) as explained_sessions,
        min(explained.null_reason) as null_reason
    from option_pnl_range
    inner join fct_option_pnl_explain as explained
        on
            explained.portfolio_id = %(portfolio_id)s::uuid
            and explained.as_of_date between option_pnl_range.from_date and option_pnl_range.to_date
    group by
        option_pnl_range.period, explained.position_id, explained.symbol, explained.underlying_symbol
)

select *
from option_pnl
