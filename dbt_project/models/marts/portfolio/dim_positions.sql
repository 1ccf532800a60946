{{ config(materialized='mart', versioned=true, grain=['position_id']) }}

-- Positions of portfolios that are not removed, with their tags on the last date built.
with positions as (
    select * from {{ ref('int_positions') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

-- what mergers made of it by the last date built
paths as (
    select distinct on (position_id) *
    from {{ ref('int_position_paths') }}
    where symbol is not null and from_session <= {{ to_date() }}
    order by position_id asc, step desc
),

held as (
    select
        positions.*,
        case
            when positions.investment_class = 'PUBLIC' then coalesce(paths.symbol, positions.symbol)
            else positions.symbol
        end as symbol_now,
        coalesce(paths.symbol, positions.pricing_symbol) as pricing_symbol_now
    from positions
    left join paths on positions.position_id = paths.position_id
),

spin_offs as (
    select * from {{ ref('int_spin_offs') }}
),

given_tags as (
    select * from {{ ref('int_position_tags') }}
    where {{ to_date() }} >= valid_from and {{ to_date() }} < valid_before
),

automatic_tags as (
    select * from {{ ref('int_automatic_tags') }}
    where {{ to_date() }} >= valid_from and {{ to_date() }} < valid_before
),

carried as (
    select
        positions.position_id,
        given_tags.tag,
        false as is_automatic
    from held as positions
    inner join given_tags
        on positions.portfolio_id = given_tags.portfolio_id and positions.symbol_now = given_tags.symbol
    union all
    select
        position_id,
        tag,
        true as is_automatic
    from automatic_tags
    union all
    select
        positions.position_id,
        own.tag,
        false as is_automatic
    from positions
    cross join lateral unnest(string_to_array(positions.own_tags, ';')) as own (tag)
),

-- a tag that is both user-assigned and automatic counts once, as user-assigned
tags as (
    select
        position_id,
        tag,
        bool_and(is_automatic) as is_automatic
    from carried
    group by position_id, tag
),

tag_lists as (
    select
        position_id,
        array_agg(tag order by tag) as tags,
        array_agg(tag order by tag) filter (where is_automatic) as automatic_tags
    from tags
    group by position_id
),

final as (
    select
        positions.position_id,
        positions.portfolio_id,
        positions.symbol_now as symbol,
        positions.underlying_symbol,
        positions.pricing_symbol_now as pricing_symbol,
        positions.investment_class,
        positions.investment_subtype,
        positions.is_cash_equivalent,
        positions.position_type,
        positions.option_type,
        positions.exercise,
        positions.strike_price,
        positions.expiration_date,
        positions.quantity,
        positions.contract_multiplier,
        positions.entry_date,
        positions.entry_price,
        positions.cost_basis,
        positions.exit_date,
        positions.exit_price,
        positions.first_session,
        positions.last_session,
        positions.closed_by,
        positions.removed_on,
        positions.notes,
        positions.spun_off_from,
        positions.spun_off_on,
        spin_offs.cost_share as spun_off_cost_share,
        spin_offs.cost_share_by as spun_off_cost_share_by,
        coalesce(string_to_array(positions.own_tags, ';'), cast(array[] as text[])) as own_tags,
        coalesce(tag_lists.tags, cast(array[] as text[])) as tags,
        coalesce(tag_lists.automatic_tags, cast(array[] as text[])) as automatic_tags
    from held as positions
    left join tag_lists on positions.position_id = tag_lists.position_id
    left join spin_offs
        on positions.spun_off_from = spin_offs.symbol and positions.spun_off_on = spin_offs.ex_date
)

select * from final
