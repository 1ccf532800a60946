-- The P&L of the options by period, explained by the Greeks. No row: no options were held in any of them.
-- with option_pnl
with option_pnl_range as (
    select
        period,
        from_date,
        as_of_date as to_date
    from fct_returns_by_period
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and period in ('1D', '1W', 'MTD', 'QTD', 'YTD', 'ITD')
        and from_date is not null
)

select
    option_pnl_range.period,
    option_pnl_range.from_date,
    count(*) as position_count,
    sum(option_pnl.pnl) as pnl,
    sum(option_pnl.trade_pnl) as trade_pnl,
    sum(option_pnl.delta_pnl) as delta_pnl,
    sum(option_pnl.gamma_pnl) as gamma_pnl,
    sum(option_pnl.theta_pnl) as theta_pnl,
    sum(option_pnl.vega_pnl) as vega_pnl,
    sum(option_pnl.rho_pnl) as rho_pnl,
    sum(option_pnl.residual) as residual,
    sum(option_pnl.unexplained_pnl) as unexplained_pnl,
    (sum(option_pnl.explained_sessions) / sum(option_pnl.sessions))::double precision as coverage,
    min(option_pnl.null_reason) as null_reason
from option_pnl_range
inner join option_pnl on option_pnl_range.period = option_pnl.period
group by option_pnl_range.period, option_pnl_range.from_date
order by array_position(array['1D', '1W', 'MTD', 'QTD', 'YTD', 'ITD'], option_pnl_range.period)
