-- GET /analytics/portfolio/{id}/risk-metrics: the figures of a risk page side by side. No row: the portfolio is not
-- this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with history as (
    select
        min(drawdown) as max_drawdown,
        count(*) as sessions
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date <= %(as_of_date)s::date
),

market_beta as (
    select coverage
    from fct_portfolio_factor_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and model = 'market'
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', num_nonnulls(risk.market_beta, risk.realized_volatility_21d, risk.var_95_1d) > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case
                when num_nonnulls(risk.market_beta, risk.realized_volatility_21d, risk.var_95_1d) > 0
                    then snapshot.as_of_date
            end,
            'risk_metrics', json_build_object(
                'portfolio_beta', round(risk.market_beta::numeric, 6),
                'portfolio_beta_coverage', case
                    when risk.market_beta is not null then round(market_beta.coverage::numeric, 6)
                end,
                'annualized_volatility', round(risk.realized_volatility_63d::numeric, 6),
                'max_drawdown', case
                    when snapshot.drawdown is not null then round(history.max_drawdown::numeric, 6)
                end,
                'current_drawdown', round(snapshot.drawdown::numeric, 6),
                'time_weighted_return', round((snapshot.twr_index - 1)::numeric, 6),
                'sharpe_ratio', round(risk.sharpe_ratio::numeric, 6),
                'sharpe_null_reason', risk.sharpe_null_reason,
                'sharpe_observations', coalesce(risk.sharpe_observations, 0),
                'var_95_1d', round(risk.var_95_1d::numeric, 2),
                'var_99_1d', round(risk.var_99_1d::numeric, 2),
                'es_95_1d', round(risk.es_95_1d::numeric, 2),
                'es_99_1d', round(risk.es_99_1d::numeric, 2),
                'systematic_volatility', round(risk.systematic_volatility::numeric, 6),
                'idiosyncratic_volatility', round(risk.idiosyncratic_volatility::numeric, 6),
                'total_volatility', round(risk.total_volatility::numeric, 6)
            ),
            'metadata', json_build_object(
                'sessions', history.sessions,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join history
left join risk on true
left join market_beta on true
