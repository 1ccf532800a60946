-- The open positions, each under its part: itself, its symbol (an option its underlying), its sector, or each of its tags.
-- By factor, each factor is a part with the portfolio's exposure to it; Specific is what the factors leave of all
-- positions.
with positions as (
    select
        position_values.position_id,
        position_values.symbol,
        coalesce(position_values.underlying_symbol, position_values.symbol) as pricing_symbol,
        case
            when position_values.investment_class = 'PRIVATE' then 'Private'
            else coalesce(position_values.sector, 'Unclassified')
        end as sector,
        -- cash moves with nothing
        case when details.is_cash_equivalent then 0 else position_values.delta_adjusted_exposure end
            as delta_adjusted_exposure,
        details.own_tags,
        {{ stress_units('position_values') }} as units,
        outcomes.outcomes,
        case
            when details.is_cash_equivalent or outcomes.outcomes is not null then null
            when position_values.investment_class = 'PRIVATE' then 'private'
            else coalesce(position_values.delta_adjusted_null_reason, 'no_betas')
        end as null_reason
    from {{ mart('fct_position_values') }} as position_values
    inner join {{ mart('dim_positions') }} as details on position_values.position_id = details.position_id
    left join {{ mart('fct_instrument_outcomes') }} as outcomes
        on
            position_values.portfolio_id = outcomes.portfolio_id
            and position_values.as_of_date = outcomes.as_of_date
            and position_values.instrument_id = outcomes.instrument_id
    where
        position_values.portfolio_id = portfolio_parts.portfolio_id
        and position_values.as_of_date = portfolio_parts.as_of_date
        and position_values.is_open
),

tags as (
    select
        positions.position_id,
        tags.tag
    from positions
    inner join {{ mart('dim_position_tags') }} as tags on positions.symbol = tags.symbol
    where
        part_of = 'tag'
        and tags.portfolio_id = portfolio_parts.portfolio_id
        and portfolio_parts.as_of_date >= tags.valid_from
        and (portfolio_parts.as_of_date < tags.valid_before or tags.valid_before is null)
    union distinct
    select
        positions.position_id,
        own.tag
    from positions
    cross join unnest(positions.own_tags) as own (tag)
    where part_of = 'tag'
),

factors as (
    select
        factor,
        dollar_exposure,
        outcomes
    from {{ mart('fct_factor_outcomes') }}
    where
        part_of = 'factor'
        and portfolio_id = portfolio_parts.portfolio_id
        and as_of_date = portfolio_parts.as_of_date
)

select
    case part_of
        when 'position' then cast(positions.position_id as text)
        when 'symbol' then positions.pricing_symbol
        when 'sector' then positions.sector
        when 'tag' then tags.tag
        when 'factor' then 'Specific'
    end as part,
    positions.position_id,
    positions.symbol,
    case when part_of <> 'factor' then positions.delta_adjusted_exposure end as delta_adjusted_exposure,
    positions.units,
    positions.outcomes,
    positions.null_reason
from positions
left join tags on positions.position_id = tags.position_id
where
    {{ accepted('part_of', 'part_of', ['position', 'symbol', 'sector', 'tag', 'factor']) }}
    and (part_of <> 'tag' or tags.tag is not null)
union all
select
    signs.part,
    null as position_id,
    null as symbol,
    signs.exposure as delta_adjusted_exposure,
    signs.units,
    factors.outcomes,
    null as null_reason
from factors
cross join lateral (
    values
    (factors.factor, cast(factors.dollar_exposure as numeric), factors.dollar_exposure),
    ('Specific', null, -factors.dollar_exposure)
) as signs (part, exposure, units)
