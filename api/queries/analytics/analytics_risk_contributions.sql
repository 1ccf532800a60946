-- GET /analytics/portfolio/{id}/risk-contributions: what each open position contributes to the portfolio's volatility
-- (model risk), largest first, those without figures last. No row: the portfolio is not this user's. Null body: it
-- begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with contributions as (
    select *
    from fct_risk_contributions
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and measure = %(measure)s::text
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'name', symbol,
                    'exposure_weight', round(exposure_weight::numeric, 6),
                    'standalone', round(standalone::numeric, 6),
                    'marginal', round(marginal::numeric, 6),
                    'component', round(component::numeric, 6),
                    'share', round(share::numeric, 6),
                    'null_reason', null_reason
                )
                order by abs(component) desc nulls last, symbol, position_id
            ),
            '[]'::json
        ) as body,
        count(*) as row_count,
        sum(standalone) as undiversified
    from contributions
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', risk.total_volatility is not null and listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case
                when risk.total_volatility is not null and listed.row_count > 0 then snapshot.as_of_date
            end,
            'data', case
                when risk.total_volatility is not null and listed.row_count > 0 then json_build_object(
                    'measure', %(measure)s::text,
                    'total', round(risk.total_volatility::numeric, 6),
                    'undiversified', round(listed.undiversified::numeric, 6)
                )
            end,
            'contributions', listed.body,
            'metadata', json_build_object(
                'model', 'risk',
                'coverage', round(risk.coverage::numeric, 6),
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
left join risk on true
