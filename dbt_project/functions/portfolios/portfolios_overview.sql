with snapshots as (
    select
        count(*) as portfolio_count,
        coalesce(sum(equity), 0) as equity,
        coalesce(sum(cash), 0) as cash,
        coalesce(sum(net_market_value), 0) as net_market_value,
        coalesce(sum(daily_pnl), 0) as daily_pnl,
        sum(daily_pnl) / nullif(greatest(sum(equity - daily_pnl), 0), 0) as daily_return,
        coalesce(sum(cumulative_pnl), 0) as cumulative_pnl,
        coalesce(sum(unrealized_pnl), 0) as unrealized_pnl,
        coalesce(sum(cumulative_realized_pnl), 0) as cumulative_realized_pnl,
        coalesce(sum(cumulative_dividends), 0) as cumulative_dividends,
        coalesce(sum(position_count), 0) as position_count,
        coalesce(sum(long_count), 0) as long_count,
        coalesce(sum(short_count), 0) as short_count,
        coalesce(sum(option_count), 0) as option_count,
        coalesce(sum(private_count), 0) as private_count,
        nullif(greatest(sum(equity), 0), 0) as positive_equity
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_overview.as_of_date
),

exposures as (
    select
        coalesce(sum(long_exposure), 0) as long_exposure,
        coalesce(sum(short_exposure), 0) as short_exposure,
        coalesce(sum(gross_exposure), 0) as gross_exposure,
        coalesce(sum(net_exposure), 0) as net_exposure
    from {{ mart('fct_portfolio_exposures') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_overview.as_of_date
),

history as (
    select
        count(distinct as_of_date) as session_count,
        coalesce(sum(daily_pnl) filter (
            where as_of_date >= cast(date_trunc('month', portfolios_overview.as_of_date) as date)
        ), 0) as mtd_pnl,
        coalesce(sum(daily_pnl) filter (
            where as_of_date >= cast(date_trunc('year', portfolios_overview.as_of_date) as date)
        ), 0) as ytd_pnl
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = any(portfolio_ids) and as_of_date <= portfolios_overview.as_of_date
)

select
    snapshots.portfolio_count,
    snapshots.equity,
    snapshots.cash,
    snapshots.net_market_value,
    snapshots.daily_pnl,
    snapshots.daily_return,
    history.mtd_pnl,
    history.ytd_pnl,
    snapshots.cumulative_pnl,
    snapshots.unrealized_pnl,
    snapshots.cumulative_realized_pnl,
    snapshots.cumulative_dividends,
    exposures.long_exposure,
    exposures.short_exposure,
    exposures.gross_exposure,
    exposures.net_exposure,
    exposures.long_exposure / snapshots.positive_equity as long_to_equity,
    exposures.short_exposure / snapshots.positive_equity as short_to_equity,
    exposures.gross_exposure / snapshots.positive_equity as leverage,
    exposures.net_exposure / snapshots.positive_equity as net_to_equity,
    snapshots.position_count,
    snapshots.long_count,
    snapshots.short_count,
    snapshots.option_count,
    snapshots.private_count,
    history.session_count
from snapshots
cross join exposures
cross join history
