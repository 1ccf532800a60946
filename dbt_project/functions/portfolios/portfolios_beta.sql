with provided as (
    select
        sum(risk.provider_beta_exposure * risk.beta_provider_1y)
        / nullif(sum(risk.provider_beta_exposure) filter (where risk.beta_provider_1y is not null), 0)
            as beta_provider_1y,
        coalesce(sum(risk.positions_with_provider_beta), 0) as positions_with_provider_beta
    from {{ mart('fct_portfolio_snapshots') }} as snapshots
    inner join {{ mart('fct_portfolio_risk') }} as risk
        on snapshots.portfolio_id = risk.portfolio_id and snapshots.as_of_date = risk.as_of_date
    where
        snapshots.portfolio_id = any(portfolio_ids)
        and snapshots.as_of_date = portfolios_beta.as_of_date
        and risk.portfolio_id = any(portfolio_ids)
        and risk.as_of_date = portfolios_beta.as_of_date
),

market as (
    select
        beta,
        dollar_exposure,
        covered_equity,
        equity_coverage
    from {{ udf('portfolios_factor_exposures') }}(portfolio_ids, portfolios_beta.as_of_date)
    where model = 'market' and factor = 'Market'
)

select
    market.beta as market_beta,
    market.dollar_exposure,
    market.covered_equity,
    market.equity_coverage,
    provided.beta_provider_1y,
    provided.positions_with_provider_beta
from provided
left join market on true
