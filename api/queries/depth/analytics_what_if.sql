-- POST /analytics/portfolio/{id}/what-if: the figures before trades, after them and their change; beside it the trades
-- that cannot be made. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with trades_made as (
    select * from udf.what_if_trades(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, %(trades)s::jsonb, %(cash)s::text
    )
),

-- the price of what is held may be of an earlier session
old_prices as (
    select
        symbol,
        max(price_date) as price_date
    from fct_position_values
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and is_open
        and price_date < as_of_date
    group by symbol
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'symbol', trades_made.symbol,
                    'quantity_before', trades_made.quantity_before,
                    'quantity', trades_made.quantity,
                    'quantity_after', trades_made.quantity_before + trades_made.quantity,
                    'price', round(trades_made.price, 4),
                    'price_date', coalesce(old_prices.price_date, %(as_of_date)s::date),
                    'market_value', trades_made.market_value
                )
                order by trades_made.place
            ) filter (where trades_made.null_reason is null),
            '[]'::json
        ) as made,
        jsonb_agg(
            jsonb_build_object(
                'place', trades_made.place,
                'symbol', trades_made.symbol,
                'reason', trades_made.null_reason,
                'message', trades_made.message
            )
            order by trades_made.place
        ) filter (where trades_made.null_reason is not null) as refused
    from trades_made
    left join old_prices on trades_made.symbol = old_prices.symbol
),

computed as (
    select * from udf.what_if(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, %(trades)s::jsonb, %(cash)s::text
    )
),

figures as (
    select
        computed.section,
        computed.model,
        computed.part,
        computed.figure,
        sides.side,
        round(
            sides.value::numeric, case computed.unit when 'USD' then 2 when 'greek' then 4 else 6 end
        ) as figure_value,
        sides.coverage,
        sides.null_reason
    from computed
    cross join lateral (
        values
        ('before', computed.value_before, computed.coverage_before, computed.null_reason_before),
        ('after', computed.value_after, computed.coverage_after, computed.null_reason_after),
        (
            'change', computed.value_change, null::float8,
            coalesce(computed.null_reason_before, computed.null_reason_after)
        )
    ) as sides (side, value, coverage, null_reason)
),

scenarios as (
    select distinct on (scenario_id)
        scenario_id,
        scenario_name
    from dim_scenarios
    order by scenario_id
),

sections as (
    select
        side,
        section,
        model,
        part,
        jsonb_object_agg(figure, figure_value)
        || jsonb_build_object(
            'coverage', round((max(coverage) filter (where figure <> 'cost'))::numeric, 6),
            'null_reasons', coalesce(jsonb_object_agg(figure, null_reason) filter (where null_reason is not null), '{}')
        )
        || case section
            when 'liquidity'
                then jsonb_build_object(
                    'cost_coverage', round((max(coverage) filter (where figure = 'cost'))::numeric, 6)
                )
            when 'betas' then jsonb_build_object('model', model, 'factor', part)
            else '{}'::jsonb
        end as body
    from figures
    group by side, section, model, part
),

named as (
    select
        sections.side,
        sections.section,
        sections.model,
        sections.part,
        case
            when sections.section = 'stress'
                then
                    sections.body
                    || jsonb_build_object('scenario_id', sections.part, 'scenario_name', scenarios.scenario_name)
            else sections.body
        end as body
    from sections
    left join scenarios on sections.part = scenarios.scenario_id
),

grouped as (
    select
        side,
        section,
        case
            when section in ('betas', 'stress') then jsonb_agg(body order by model, part)
            else jsonb_agg(body) -> 0
        end as body
    from named
    group by side, section
),

whole as (
    select
        side,
        jsonb_object_agg(section, body) as body
    from grouped
    group by side
),

sides as (
    select jsonb_object_agg(side, body) as body
    from whole
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', true,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', snapshot.as_of_date,
            'cash', %(cash)s::text,
            'trades', listed.made,
            'before', sides.body -> 'before',
            'after', sides.body -> 'after',
            'change', sides.body -> 'change',
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body,
    listed.refused
from portfolio
left join snapshot on true
left join data_quality on true
left join listed on true
left join sides on true
