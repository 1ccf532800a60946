-- The P&L of each option held in a period to the session, explained by the Greeks: the terms of the sessions that are,
-- and what is not explained, add up to it.
with option_pnl as (
    select
        portfolios.portfolio_name,
        periods.as_of_date,
        periods.period,
        periods.from_date,
        explained.position_id,
        positions.symbol,
        positions.underlying_symbol,
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
        min(explained.null_reason) as null_reason
    from fct_returns_by_period as periods
    inner join dim_portfolios as portfolios on periods.portfolio_id = portfolios.portfolio_id
    inner join fct_option_pnl_explain as explained
        on
            periods.portfolio_id = explained.portfolio_id
            and explained.as_of_date between periods.from_date and periods.as_of_date
    inner join dim_positions as positions on explained.position_id = positions.position_id
    where
        periods.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and periods.as_of_date = %(as_of_date)s::date
        and periods.period in ('1D', 'MTD', 'QTD', 'YTD', 'ITD')
    group by
        portfolios.portfolio_name, periods.as_of_date, periods.period, periods.from_date,
        explained.position_id, positions.symbol, positions.underlying_symbol
)

select *
from option_pnl
