-- GET /analytics/aggregate/factor-exposures: the sum of dollar exposures over the equity of the portfolios that have
-- all the factors that any of them has, so that all betas are of the same portfolios. Portfolios that hold only cash
-- count, with an exposure of zero; so do those whose equity is gone. The providers' beta is there if all of them have
-- one. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

analyzed as (
    select distinct on (portfolio_id)
        portfolio_id,
        quality_flag,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from factor_rows
    order by portfolio_id asc, positions_analyzed asc, data_days asc
),

known as (
    select distinct
        model,
        factor
    from factor_rows
    where dollar_exposure is not null
),

covered as materialized (
    select factor_rows.portfolio_id
    from factor_rows
    inner join known on factor_rows.model = known.model and factor_rows.factor = known.factor
    inner join snapshots on factor_rows.portfolio_id = snapshots.portfolio_id
    group by factor_rows.portfolio_id
    having
        bool_and(
            factor_rows.dollar_exposure is not null
            or (factor_rows.quality_flag = 'no_public_positions' and snapshots.private_count = 0)
        )
),

factors as (
    select
        summed.*,
        summed.covered_equity / nullif(greatest(totals.equity, 0), 0) as share_of_equity
    from udf.portfolios_factor_exposures(array(select portfolio_id from covered), %(as_of_date)s::date) as summed
    cross join totals
    where (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

risk as (
    select
        covered.portfolio_id,
        fct_portfolio_risk.beta_provider_1y,
        fct_portfolio_risk.provider_beta_exposure,
        market.dollar_exposure is null or fct_portfolio_risk.beta_provider_1y is not null as has_provider_beta
    from covered
    inner join factor_rows as market on covered.portfolio_id = market.portfolio_id and market.model = 'market'
    left join fct_portfolio_risk
        on
            covered.portfolio_id = fct_portfolio_risk.portfolio_id
            and fct_portfolio_risk.as_of_date = %(as_of_date)s::date
),

provided as (
    select
        summed.beta_provider_1y,
        (select sum(provider_beta_exposure * beta_provider_1y) from risk) as dollar_exposure
    from udf.portfolios_beta(array(select portfolio_id from covered), %(as_of_date)s::date) as summed
    where summed.beta_provider_1y is not null and (select bool_and(has_provider_beta) from risk)
),

by_name as (
    select
        case factor when 'Market' then 'Market Beta (90D)' else factor end as name,
        factor,
        beta,
        dollar_exposure,
        model as model_name,
        portfolio_count,
        share_of_equity
    from factors
    union all
    select
        'Provider Beta (1Y)' as name,
        'Provider Beta' as factor,
        provided.beta_provider_1y as beta,
        provided.dollar_exposure,
        'provider' as model_name,
        market.portfolio_count,
        market.share_of_equity
    from provided
    inner join factors as market on market.model = 'market'
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', name,
                    'factor', factor,
                    'aggregate_beta', round(beta::numeric, 6),
                    'aggregate_exposure_dollar', round(dollar_exposure::numeric, 2),
                    'beta', round(beta::numeric, 6),
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'model', model_name,
                    'portfolio_count', portfolio_count,
                    'equity_coverage_percentage', round(100 * share_of_equity, 4)
                )
                order by
                    array_position(
                        array[
                            'Market', 'Provider Beta', 'IR Beta', 'Value', 'Growth', 'Momentum', 'Quality',
                            'Size', 'Low Volatility', 'Interest Rate'
                        ],
                        factor
                    )
            ),
            '[]'::json
        ) as body
    from by_name
)

select
    json_build_object(
        'available', listed.row_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when listed.row_count > 0 then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'factors', listed.body,
        'metadata', json_build_object(
            'models', json_build_array('market', 'provider', 'bond', 'risk', 'rates'),
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join listed
cross join data_quality
