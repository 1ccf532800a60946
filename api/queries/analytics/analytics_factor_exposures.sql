-- GET /analytics/portfolio/{id}/factor-exposures: betas of the portfolio to the market, bonds, styles and the yield.
-- The quality is that of the factor with the least data. Standard errors take those of the symbols as independent. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, weakest_factor_quality, collinear_factors, portfolio_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

graded as (
    select
        *,
        case factor when 'Market' then 'Market Beta' else factor end as factor_name,
        abs(beta) < %(significant_t)s::double precision * std_error as is_insignificant
    from factor_rows
    where beta is not null
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor_name,
                    'beta', round(beta::numeric, 6),
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'model', model,
                    'std_error', round(std_error::numeric, 6),
                    'coverage', round(coverage::numeric, 6)
                )
                order by
                    array_position(
                        array[
                            'Market', 'IR Beta', 'Value', 'Growth', 'Momentum', 'Quality',
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
                'models', json_build_array('market', 'bond', 'risk', 'rates'),
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
