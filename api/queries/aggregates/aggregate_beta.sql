-- GET /analytics/aggregate/beta: the sum of the dollar exposures to the market over the equity of the portfolios in
-- which they are known, and the share of total equity that these cover. Portfolios that hold only cash count, with an
-- exposure of zero; so do those whose equity is gone. The providers' beta is a mean over the exposure that has one, of
-- the same portfolios: null if one of them has none. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with exposures as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
        and factor = 'Market'
),

analyzed as (
    select * from exposures
),

risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

covered as materialized (
    select
        exposures.portfolio_id,
        exposures.dollar_exposure is null or risk.beta_provider_1y is not null as has_provider_beta
    from exposures
    inner join snapshots on exposures.portfolio_id = snapshots.portfolio_id
    left join risk on exposures.portfolio_id = risk.portfolio_id
    where
        exposures.dollar_exposure is not null
        or (exposures.quality_flag = 'no_public_positions' and snapshots.private_count = 0)
),

base as (
    select
        count(*) as portfolio_count,
        coalesce(bool_and(has_provider_beta), false) as has_every_provider_beta
    from covered
),

summed as (
    select
        betas.*,
        betas.covered_equity / nullif(greatest(totals.equity, 0), 0) as share_of_equity
    from udf.portfolios_beta(array(select portfolio_id from covered), %(as_of_date)s::date) as betas
    cross join totals
),

listed as (
    select
        json_agg(
            json_build_object(
                'portfolio_id', snapshots.portfolio_id,
                'net_asset_value', round(snapshots.equity, 2),
                'market_beta_weighted', round(exposures.beta::numeric, 6),
                'market_beta_coverage', case
                    when exposures.beta is not null then round(exposures.coverage::numeric, 6)
                end,
                'beta_provider_1y', round(risk.beta_provider_1y::numeric, 6),
                'beta_provider_coverage', case
                    when risk.beta_provider_1y is not null then round(risk.provider_beta_coverage::numeric, 6)
                end
            )
            order by snapshots.equity desc, snapshots.portfolio_id
        ) as body
    from snapshots
    inner join exposures on snapshots.portfolio_id = exposures.portfolio_id
    left join risk on snapshots.portfolio_id = risk.portfolio_id
)

select
    json_build_object(
        'available', summed.market_beta is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when summed.market_beta is not null then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'aggregate_beta_90d', round(summed.market_beta::numeric, 6),
        'aggregate_beta_180d', null,
        'aggregate_beta_180d_null_reason', 'not_calculated',
        'data', case
            when summed.market_beta is not null then json_build_object(
                'market_beta_weighted', round(summed.market_beta::numeric, 6),
                'beta_calculated_90d', round(summed.market_beta::numeric, 6),
                'beta_calculated_90d_observations', quality.data_days,
                'beta_provider_1y', case
                    when base.has_every_provider_beta then round(summed.beta_provider_1y::numeric, 6)
                end,
                'beta_provider_null_reason', case
                    when not base.has_every_provider_beta then 'portfolio_without_provider_beta'
                end,
                'portfolios_covered', base.portfolio_count,
                'positions_with_beta', summed.positions_with_provider_beta,
                'positions_total', totals.position_count,
                'equity_coverage_percentage', round(100 * summed.share_of_equity, 4),
                'portfolios', listed.body
            )
        end,
        'metadata', json_build_object(
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join summed
cross join base
cross join listed
cross join quality
cross join data_quality
