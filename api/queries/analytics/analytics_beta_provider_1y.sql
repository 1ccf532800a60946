-- GET /analytics/portfolio/{id}/beta-provider-1y: the beta from data providers. No row: the portfolio is not this
-- user's. Null body: it begins after the session.
-- with portfolio_scope, open_positions, portfolio_risk, position_quality
with provider_betas as (
    select distinct symbol
    from fct_symbol_risk
    where
        symbol = any(array(select priced_symbol from described))
        and as_of_date = %(as_of_date)s::date
        and provider_beta is not null
),

judged as (
    select
        described.symbol,
        described.market_value,
        described.investment_class = 'PRIVATE' as is_private,
        described.is_cash_equivalent as is_cash,
        provider_betas.symbol is not null
        and described.investment_class <> 'PRIVATE'
        and described.delta_adjusted_exposure is not null as is_measured,
        false as is_limited,
        1 as data_days
    from described
    left join provider_betas on described.priced_symbol = provider_betas.symbol
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', risk.beta_provider_1y is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when risk.beta_provider_1y is not null then snapshot.as_of_date end,
            'data', case
                when risk.beta_provider_1y is not null then json_build_object(
                    'beta_provider_1y', round(risk.beta_provider_1y::numeric, 6),
                    'positions_with_beta', risk.positions_with_provider_beta,
                    'positions_total', snapshot.position_count,
                    'coverage_percentage', round(
                        100 * risk.positions_with_provider_beta / nullif(snapshot.position_count, 0)::numeric, 4
                    )
                )
            end,
            'metadata', json_build_object(
                'source', 'company profiles',
                'coverage', round(risk.provider_beta_coverage::numeric, 6),
                'null_reason', risk.beta_provider_null_reason,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', case
                    when risk.beta_provider_1y is null and position_quality.quality_flag <> 'no_public_positions'
                        then 'no_factor_data'
                    else position_quality.quality_flag
                end,
                'message', concat_ws(
                    ' ',
                    concat(
                        coalesce(risk.positions_with_provider_beta, 0), ' of ', snapshot.position_count,
                        ' positions have a beta in the profiles known on the date.'
                    ),
                    case
                        when risk.beta_provider_null_reason = 'coverage_too_low'
                            then 'They cover too little of the market value.'
                        when risk.beta_provider_null_reason = 'no_exposure'
                            then 'Their long and short exposures cancel.'
                    end,
                    position_quality.coverage_message,
                    snapshot.price_notice
                ),
                'positions_analyzed', coalesce(risk.positions_with_provider_beta, 0),
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - coalesce(risk.positions_with_provider_beta, 0),
                'data_days', case when risk.positions_with_provider_beta > 0 then 1 else 0 end,
                'coverage_of_equity', round(position_quality.coverage_of_equity::numeric, 6),
                'positions_not_measured', coalesce(to_json(position_quality.positions_not_measured), '[]'::json)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
left join position_quality on true
left join risk on true
