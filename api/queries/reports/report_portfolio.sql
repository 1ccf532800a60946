-- The head and the summary of a report: the portfolio, its publication, and its snapshot, exposures and risk at the
-- session's close. No row: the portfolio is not this user's. as_of_date is null if it begins after the session.
-- The publication is the one that last changed this portfolio's session, up to the instant asked for.
-- with portfolio_scope, portfolio_risk
with exposure as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

market_beta as (
    select coverage
    from fct_portfolio_factor_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and model = 'market'
),

publication as (
    select
        publication_id,
        published_at
    from marts_history.fct_portfolio_snapshots
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and published_at <= %(published_at)s::timestamptz
    order by publication_id desc
    limit 1
)

select
    portfolio.portfolio_id,
    portfolio.portfolio_name,
    portfolio.account_name,
    portfolio.account_type,
    portfolio.description,
    portfolio.base_currency,
    portfolio.inception_date,
    portfolio.initial_equity,
    snapshot.as_of_date,
    snapshot.equity,
    snapshot.cash,
    snapshot.net_market_value,
    snapshot.cash_and_equivalents,
    snapshot.capital_flow,
    snapshot.daily_pnl,
    snapshot.mtd_pnl,
    snapshot.ytd_pnl,
    snapshot.cumulative_pnl,
    snapshot.unrealized_pnl,
    snapshot.cumulative_realized_pnl,
    snapshot.cumulative_dividends,
    snapshot.unrealized_at_opening,
    snapshot.daily_return,
    snapshot.daily_return_null_reason,
    snapshot.twr_index,
    snapshot.twr_null_reason,
    snapshot.drawdown,
    snapshot.position_count,
    snapshot.long_count,
    snapshot.short_count,
    snapshot.cash_count,
    snapshot.option_count,
    snapshot.private_count,
    snapshot.public_price_coverage,
    snapshot.has_simulated_prices,
    snapshot.session_count,
    snapshot.price_source,
    snapshot.price_notice,
    publication.publication_id,
    publication.published_at,
    exposure.gross_exposure,
    exposure.net_exposure,
    exposure.leverage,
    exposure.net_to_equity,
    exposure.ratio_null_reason,
    exposure.effective_names,
    exposure.hhi,
    exposure.top_1_share,
    exposure.top_3_share,
    exposure.top_5_share,
    exposure.top_10_share,
    risk.market_beta,
    market_beta.coverage as market_beta_coverage,
    risk.forecast_volatility_21d,
    risk.var_95_1d,
    risk.sharpe_ratio,
    risk.sharpe_null_reason,
    risk.ratio_null_reason as risk_ratio_null_reason,
    risk.coverage as risk_coverage,
    risk.quality_flag as risk_flag,
    risk.quality_message as risk_message
from portfolio
left join snapshot on true
left join exposure on true
left join publication on true
left join risk on true
left join market_beta on true
