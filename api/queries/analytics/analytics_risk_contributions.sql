-- GET /analytics/portfolio/{id}/risk-contributions: what each part of the portfolio contributes to its volatility (risk
-- model), largest first, those without figures last. No row: the portfolio is not this user's. Null body: it begins
-- after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with positions_and_groups as (
    select
        case when %(part_of)s::text = 'position' then min(parts.position_id::text) end as position_id,
        case when %(part_of)s::text = 'position' then min(parts.symbol) else parts.part end as part_name,
        sum(positions.exposure_weight order by positions.position_id) as exposure_weight,
        -- of a group: not known from those of its positions
        case when %(part_of)s::text = 'position' then min(positions.standalone) end as undiversified,
        case
            when %(part_of)s::text = 'position' then min(positions.marginal)
            else
                sum(positions.component order by positions.position_id)
                / nullif(sum(positions.exposure_weight order by positions.position_id), 0)
        end as marginal,
        sum(positions.component order by positions.position_id) as component,
        sum(positions.share order by positions.position_id) as share_of_total,
        case when count(positions.component) = 0 then min(positions.null_reason) end as null_reason,
        count(*) as position_count,
        count(positions.component) as measured_count
    from udf.portfolio_parts(%(portfolio_id)s::uuid, %(as_of_date)s::date, %(part_of)s::text) as parts
    inner join fct_risk_contributions as positions on parts.position_id = positions.position_id
    where
        positions.portfolio_id = %(portfolio_id)s::uuid
        and positions.as_of_date = %(as_of_date)s::date
        and positions.measure = 'volatility'
        and %(part_of)s::text <> 'factor'
    group by parts.part
),

-- null where the volatility is a rounding of 0, as are the components of positions
divisor as (
    select
        *,
        case when systematic_share is not null then total_volatility end as volatility
    from risk
    where total_volatility is not null
),

factors as (
    select
        null as position_id,
        exposures.factor as part_name,
        exposures.beta as exposure_weight,
        null::float8 as undiversified,
        exposures.variance_contribution / divisor.volatility / nullif(exposures.beta, 0) as marginal,
        exposures.variance_contribution / divisor.volatility as component,
        exposures.share_of_variance as share_of_total,
        case when divisor.volatility is null then 'no_variation' end as null_reason,
        0::bigint as position_count,
        0::bigint as measured_count
    from fct_portfolio_factor_exposures as exposures
    cross join divisor
    where
        exposures.portfolio_id = %(portfolio_id)s::uuid
        and exposures.as_of_date = %(as_of_date)s::date
        and exposures.model = 'risk'
        and exposures.variance_contribution is not null
        and %(part_of)s::text = 'factor'
),

contributions as (
    select * from positions_and_groups
    union all
    select * from factors
    union all
    select
        null as position_id,
        'Specific' as part_name,
        null as exposure_weight,
        null as undiversified,
        null as marginal,
        idiosyncratic_volatility * idiosyncratic_volatility / volatility as component,
        idiosyncratic_volatility / volatility * (idiosyncratic_volatility / volatility) as share_of_total,
        case when volatility is null then 'no_variation' end as null_reason,
        positions_total as position_count,
        positions_analyzed as measured_count
    from divisor
    where %(part_of)s::text = 'factor'
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'name', part_name,
                    'exposure_weight', round(exposure_weight::numeric, 6),
                    'standalone', round(undiversified::numeric, 6),
                    'marginal', round(marginal::numeric, 6),
                    'component', round(component::numeric, 6),
                    'share', round(share_of_total::numeric, 6),
                    'incremental', null,
                    'null_reason', null_reason,
                    'position_count', position_count,
                    'measured_count', measured_count
                )
                order by abs(component) desc nulls last, part_name, position_id
            ),
            '[]'::json
        ) as body,
        count(*) as row_count,
        sum(undiversified) as undiversified
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
                    'measure', 'volatility',
                    'confidence', null,
                    'by', %(part_of)s::text,
                    'unit', 'decimal per year',
                    'total', round(risk.total_volatility::numeric, 6),
                    'undiversified', round(listed.undiversified::numeric, 6)
                )
            end,
            'contributions', listed.body,
            'metadata', json_build_object(
                'model', 'risk',
                'method', 'risk_model',
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
