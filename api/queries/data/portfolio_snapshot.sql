-- GET /data/portfolio/{id}/snapshot: the row of fct_portfolio_snapshots for one session, with the returns implied by
-- target prices and the portfolio's betas. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope
with risk as (
    select
        market_beta,
        beta_provider_1y,
        provider_beta_coverage,
        positions_with_provider_beta
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

-- of the market model, which needs more returns than the risk model of the other figures
market_beta as (
    select coverage
    from fct_portfolio_factor_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and model = 'market'
),

targets as (
    select *
    from udf.portfolios_target_returns(array[%(portfolio_id)s::uuid], %(as_of_date)s::date)
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'snapshot_date', snapshot.as_of_date,
            'target_price_return_eoy', round(100 * targets.expected_return_eoy::numeric, 4),
            'target_price_return_next_year', round(100 * targets.expected_return_next_year::numeric, 4),
            'target_price_coverage_pct',
            round(100 * targets.positions_with_targets / nullif(snapshot.position_count, 0)::numeric, 4),
            'target_price_positions_count', targets.positions_with_targets,
            'target_price_total_positions', snapshot.position_count,
            'target_price_last_updated',
            to_char(targets.target_updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'beta_calculated_90d', round(risk.market_beta::numeric, 6),
            'beta_calculated_90d_coverage', case
                when risk.market_beta is not null then round(market_beta.coverage::numeric, 6)
            end,
            'beta_provider_1y', round(risk.beta_provider_1y::numeric, 6),
            'beta_provider_coverage', case
                when risk.beta_provider_1y is not null then round(risk.provider_beta_coverage::numeric, 6)
            end,
            'positions_with_provider_beta', risk.positions_with_provider_beta,
            'net_asset_value', round(snapshot.equity, 2),
            'total_value', round(snapshot.equity, 2),
            'equity_balance', round(snapshot.equity, 2),
            'cash_balance', round(snapshot.cash, 2),
            'net_market_value', round(snapshot.net_market_value, 2),
            'cash_and_equivalents', round(snapshot.cash_and_equivalents, 2),
            'capital_flow', round(snapshot.capital_flow, 2),
            'daily_pnl', round(snapshot.daily_pnl, 2),
            'public_daily_pnl', round(snapshot.public_daily_pnl, 2),
            'daily_return', round(snapshot.daily_return::numeric, 6),
            'daily_return_null_reason', snapshot.daily_return_null_reason,
            'unrealized_pnl', round(snapshot.unrealized_pnl, 2),
            'cumulative_pnl', round(snapshot.cumulative_pnl, 2),
            'cumulative_realized_pnl', round(snapshot.cumulative_realized_pnl, 2),
            'cumulative_dividends', round(snapshot.cumulative_dividends, 2),
            'twr_index', round(snapshot.twr_index::numeric, 6),
            'drawdown', round(snapshot.drawdown::numeric, 6),
            'twr_null_reason', snapshot.twr_null_reason,
            'position_count', snapshot.position_count,
            'long_count', snapshot.long_count,
            'short_count', snapshot.short_count,
            'cash_count', snapshot.cash_count,
            'option_count', snapshot.option_count,
            'private_count', snapshot.private_count,
            'public_price_coverage', round(snapshot.public_price_coverage::numeric, 6),
            'price_source', snapshot.price_source,
            'price_notice', snapshot.price_notice
        )
    end::text as body
from portfolio
cross join targets
left join snapshot on true
left join risk on true
left join market_beta on true
