-- GET /analytics/portfolio/{id}/factor-exposures: betas of the portfolio to the market, bonds, styles and the yield.
-- The quality is that of the factor with the least data. Standard errors take those of the symbols as independent. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- Provider Beta (1Y) is that of analytics_beta_provider_1y: a mean over the exposure that has one, not over equity.
-- with portfolio_scope, weakest_factor_quality, collinear_factors, portfolio_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

provided as (
    select
        beta_provider_1y,
        provider_beta_exposure,
        provider_beta_coverage
    from fct_portfolio_risk
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and beta_provider_1y is not null
),

graded as (
    select
        factor_rows.model as model_name,
        factor_rows.factor,
        case factor_rows.factor when 'Market' then 'Market Beta (90D)' else factor_rows.factor end as factor_name,
        factor_rows.beta,
        factor_rows.dollar_exposure,
        dim_factors.unit as beta_unit,
        factor_rows.std_error,
        factor_rows.coverage,
        abs(factor_rows.beta) < %(significant_t)s::double precision * factor_rows.std_error as is_insignificant
    from factor_rows
    left join dim_factors on factor_rows.model = dim_factors.model and factor_rows.factor = dim_factors.factor
    where factor_rows.beta is not null
    union all
    select
        'provider' as model_name,
        'Provider Beta' as factor,
        'Provider Beta (1Y)' as factor_name,
        beta_provider_1y as beta,
        provider_beta_exposure * beta_provider_1y as dollar_exposure,
        'return per unit of return' as beta_unit,
        null::double precision as std_error,
        provider_beta_coverage as coverage,
        false as is_insignificant
    from provided
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor_name,
                    'factor', factor,
                    'beta', round(beta::numeric, 6),
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'model', model_name,
                    'unit', beta_unit,
                    'std_error', round(std_error::numeric, 6),
                    'coverage', round(coverage::numeric, 6)
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
        ) as body,
        coalesce(json_agg(factor_name order by factor_name) filter (where is_insignificant), '[]'::json)
            as insignificant
    from graded
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.row_count > 0 then snapshot.as_of_date end,
            'factors', listed.body,
            'metadata', json_build_object(
                'equity', round(snapshot.equity, 2),
                'models', json_build_array('market', 'provider', 'bond', 'risk', 'rates'),
                'insignificant_betas', listed.insignificant,
                'collinear_factors', collinear_pairs.body,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
cross join collinear_pairs
