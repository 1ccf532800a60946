-- GET /analytics/portfolio/{id}/positions/factor-exposures: betas of the open positions, largest first; an option uses
-- delta times its underlying's beta. exposure_dollars add up to the portfolio's. The quality covers all open positions,
-- regardless of the page and the selected symbols. No row: the portfolio is not this user's. Null body: it begins after
-- the session.
-- with portfolio_scope, open_positions, position_quality, collinear_factors, portfolio_quality
with greeks as (
    select
        position_id,
        delta
    from fct_position_greeks
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

-- Market Beta is the former name of Market Beta (90D), which stays for one version.
betas as (
    select
        betas.symbol,
        named.name,
        betas.beta,
        betas.observations,
        coalesce(
            betas.p_value >= %(significance_level)s,
            abs(betas.t_stat) < %(significant_t)s::double precision,
            false
        ) as is_insignificant,
        betas.quality_flag
    from fct_symbol_factor_betas as betas
    cross join
        lateral unnest(
            case betas.factor when 'Market' then array['Market Beta (90D)', 'Market Beta'] else array[betas.factor] end
        ) as named (name)
    where
        betas.symbol = any(array(select priced_symbol from described))
        and betas.as_of_date = %(as_of_date)s::date
        and (
            betas.model in ('market', 'bond', 'rates')
            or betas.model = 'risk' and betas.factor not in ('Market', 'Interest Rate')
        )
    union all
    select
        symbol,
        'Provider Beta (1Y)' as name,
        provider_beta as beta,
        null as observations,
        false as is_insignificant,
        null as quality_flag
    from fct_symbol_risk
    where
        symbol = any(array(select priced_symbol from described))
        and as_of_date = %(as_of_date)s::date
        and provider_beta is not null
),

measured as (
    select
        described.position_id,
        min(betas.observations) as data_days,
        bool_or(betas.quality_flag = 'limited_history') as is_limited,
        json_object_agg(
            betas.name,
            round(
                (betas.beta * case described.investment_class when 'OPTIONS' then greeks.delta else 1 end)::numeric, 6
            )
            order by betas.name
        ) as exposures,
        json_object_agg(
            betas.name, round((betas.beta * described.delta_adjusted_exposure)::numeric, 2)
            order by betas.name
        ) as exposure_dollars,
        coalesce(json_agg(betas.name order by betas.name) filter (where betas.is_insignificant), '[]'::json)
            as insignificant
    from described
    left join greeks on described.position_id = greeks.position_id
    inner join betas on described.priced_symbol = betas.symbol
    where
        described.investment_class <> 'PRIVATE'
        and described.delta_adjusted_exposure is not null
        and (described.investment_class <> 'OPTIONS' or greeks.delta is not null)
    group by described.position_id
),

positions as (
    select
        described.position_id,
        described.symbol,
        described.priced_symbol,
        described.market_value,
        described.is_cash_equivalent,
        measured.exposures,
        measured.exposure_dollars,
        measured.insignificant,
        measured.data_days,
        measured.is_limited,
        case
            when measured.data_days is not null then null
            when described.investment_class = 'PRIVATE' then 'private_position'
            when described.delta_adjusted_exposure is null then 'no_delta'
            when described.price_source = 'cash' then 'cash'
            else 'no_return_history'
        end as null_reason
    from described
    left join measured on described.position_id = measured.position_id
),

judged as (
    select
        symbol,
        market_value,
        coalesce(null_reason = 'private_position', false) as is_private,
        is_cash_equivalent as is_cash,
        data_days is not null as is_measured,
        is_limited,
        data_days
    from positions
),

quality as (
    select
        position_quality.*,
        concat_ws(
            ' ',
            concat(
                position_quality.positions_analyzed, ' of ', snapshot.position_count, ' positions have factor betas.'
            ),
            position_quality.coverage_message
        ) as quality_message
    from position_quality
    cross join snapshot
),

matching as (
    select * from positions
    where
        %(symbols)s::text[] is null
        or symbol = any(%(symbols)s::text[])
        or priced_symbol = any(%(symbols)s::text[])
),

page as (
    select * from matching
    order by abs(market_value) desc, symbol, position_id
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'symbol', symbol,
                    'factor_symbol', priced_symbol,
                    'exposures', coalesce(exposures, '{}'::json),
                    'exposure_dollars', coalesce(exposure_dollars, '{}'::json),
                    'insignificant_betas', coalesce(insignificant, '[]'::json),
                    'market_value', round(market_value, 2),
                    'observations', data_days,
                    'null_reason', null_reason
                )
                order by abs(market_value) desc, symbol, position_id
            ),
            '[]'::json
        ) as body
    from page
),

totals as (
    select
        count(*) as row_count,
        count(data_days) as measured_count
    from matching
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', totals.measured_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when totals.measured_count > 0 then snapshot.as_of_date end,
            'total', totals.row_count,
            'limit', %(limit)s::integer,
            'offset', %(offset)s::integer,
            'positions', listed.body,
            'metadata', json_build_object(
                'models', json_build_array('market', 'provider', 'bond', 'risk', 'rates'),
                'rows_returned', listed.row_count,
                'truncated', %(offset)s + listed.row_count < totals.row_count,
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
cross join totals
cross join collinear_pairs
