-- What severity and limitations of a briefing are computed from: one portfolio at one session. No row: the
-- portfolio is not this user's.
with portfolio as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

earlier_risk as (
    select
        var_95_1d,
        var_99_1d
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date < %(as_of_date)s::date
    order by as_of_date desc
    limit 1
),

exposure as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

stress as (
    select
        min(direct_pct_equity) as worst_pct_equity,
        min(direct_pnl) as worst_pnl,
        count(*) filter (where not is_believable) as doubtful_count,
        min(quality_message) as quality_message,
        min(quality_flag) as quality_flag
    from fct_portfolio_stress
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

tilts as (
    select
        count(*) filter (where tilt = 'strong') as strong_count,
        min(quality_message) as quality_message,
        min(quality_flag) as quality_flag
    from fct_portfolio_factor_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

greeks as (
    select options_without_greeks
    from fct_portfolio_greeks
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

backtest as (
    select
        bool_or(traffic_light = 'red') as is_red,
        bool_or(traffic_light = 'yellow') as is_yellow
    from fct_var_backtest
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and method = 'historical'
        and pnl_basis = 'hypothetical'
),

prices as (
    select
        count(*) filter (where price_flag = 'stale_price') as stale_count,
        count(*) filter (where price_flag in ('missing_price', 'dead_symbol')) as missing_count
    from fct_position_values
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and is_open
),

state as (
    select
        portfolio.portfolio_name,
        quarantine.reason as withheld_reason,
        snapshot.equity::double precision as equity,
        coalesce(snapshot.hypothetical_pnl, snapshot.public_daily_pnl)::double precision as session_pnl,
        earlier_risk.var_95_1d as earlier_var_95,
        earlier_risk.var_99_1d as earlier_var_99,
        snapshot.drawdown,
        risk.volatility_percentile,
        risk.var_99_1d_pct_equity,
        risk.market_beta,
        exposure.leverage::double precision as leverage,
        exposure.top_1_share::double precision as top_1_share,
        correlation.diversification_score,
        stress.worst_pct_equity::double precision as worst_pct_equity,
        stress.doubtful_count,
        tilts.strong_count as strong_tilts,
        backtest.is_red as is_backtest_red,
        backtest.is_yellow as is_backtest_yellow,
        coalesce(snapshot.has_simulated_prices, false) as has_simulated_prices,
        coalesce(snapshot.private_count, 0) as private_count,
        coalesce(snapshot.position_count, 0) as position_count,
        coalesce(greeks.options_without_greeks, 0) as options_without_greeks,
        prices.stale_count,
        prices.missing_count,
        risk.quality_flag as risk_flag,
        risk.quality_message as risk_message,
        correlation.quality_flag as correlation_flag,
        correlation.quality_message as correlation_message,
        stress.quality_flag as stress_flag,
        stress.quality_message as stress_message,
        tilts.quality_flag as factors_flag,
        tilts.quality_message as factors_message
    from portfolio
    left join fct_quarantine as quarantine on portfolio.portfolio_id = quarantine.portfolio_id
    left join snapshot on true
    left join risk on true
    left join earlier_risk on true
    left join exposure on true
    left join correlation on true
    left join greeks on true
    cross join stress
    cross join tilts
    cross join backtest
    cross join prices
)

select row_to_json(state) as body
from state
