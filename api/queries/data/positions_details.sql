-- GET /data/positions/details: positions of one portfolio, or of a list of ids, as of one session.
-- GET /positions/{id} (is_single): the position with this id, not wrapped in a list.
-- An open position shows the session's values, a closed one (include_closed) those of its last session.
-- No row: neither the portfolio nor any of the ids is this user's. Null body: the portfolio, or the single position,
-- begins after the session.
-- with holders, portfolio_scope
-- Keys are passed to the views as arrays: only then does the planner look them up in the index.
with open_values as (
    select *
    from fct_position_values
    where
        portfolio_id = any(array(select portfolio_id from scope))
        and as_of_date = %(as_of_date)s::date
        and is_open
),

-- A closed position has a single row that is not open: that of its last session.
closed_values as (
    select *
    from fct_position_values
    where
        %(include_closed)s::boolean
        and portfolio_id = any(array(select portfolio_id from scope))
        and as_of_date <= %(as_of_date)s::date
        and not is_open
),

known as materialized (
    select * from open_values
    where %(position_ids)s::uuid[] is null or position_id = any(%(position_ids)s::uuid[])
    union all
    select * from closed_values
    where %(position_ids)s::uuid[] is null or position_id = any(%(position_ids)s::uuid[])
),

chosen as materialized (
    select
        known.*,
        coalesce(known.underlying_symbol, known.symbol) as company_symbol,
        dim_positions.investment_subtype,
        dim_positions.contract_multiplier,
        dim_positions.entry_date,
        dim_positions.entry_price as stated_price,
        dim_positions.strike_price,
        dim_positions.expiration_date,
        dim_positions.exercise,
        dim_positions.exit_date,
        dim_positions.exit_price,
        dim_positions.notes,
        dim_positions.own_tags
    from known
    inner join dim_positions
        on
            known.position_id = dim_positions.position_id
            and dim_positions.portfolio_id = any(array(select portfolio_id from known))
),

companies as (
    select distinct on (symbol)
        symbol,
        name,
        sector,
        industry
    from dim_company_profiles
    where
        symbol = any(array(select company_symbol from chosen))
        and (profile_date <= %(as_of_date)s::date or is_first)
    order by symbol asc, profile_date desc
),

carried as (
    select
        portfolio_id,
        symbol,
        array_agg(distinct tag order by tag) as tags
    from dim_position_tags
    where
        portfolio_id = any(array(select portfolio_id from scope))
        and valid_from <= %(as_of_date)s::date
        and (valid_before is null or valid_before > %(as_of_date)s::date)
    group by portfolio_id, symbol
),

named as (
    select
        portfolio_id,
        tag,
        tag_name,
        color,
        description
    from dim_tags
    where portfolio_id = any(array(select portfolio_id from scope))
),

risks as (
    select
        position_id,
        component,
        share,
        null_reason
    from fct_risk_contributions
    where
        portfolio_id = any(array(select portfolio_id from chosen))
        and as_of_date = %(as_of_date)s::date
        and measure = 'volatility'
),

positions as (
    select
        chosen.position_id as id,
        chosen.portfolio_id,
        chosen.symbol,
        companies.name as company_name,
        companies.sector,
        companies.industry,
        chosen.position_type,
        chosen.investment_class,
        chosen.investment_subtype,
        trim_scale(round(chosen.quantity, 6)) as quantity,
        chosen.entry_date,
        coalesce(
            round(chosen.cost_basis / nullif(chosen.quantity * chosen.contract_multiplier, 0), 4), chosen.stated_price
        ) as entry_price,
        round(chosen.cost_basis, 2) as cost_basis,
        round(chosen.price, 4) as current_price,
        chosen.price_date,
        chosen.price_flag,
        chosen.price_source,
        round(chosen.market_value, 2) as market_value,
        round(chosen.weight::numeric, 6) as weight,
        round(chosen.unrealized_pnl, 2) as unrealized_pnl,
        round(100 * chosen.unrealized_pnl / nullif(abs(chosen.cost_basis), 0), 4) as unrealized_pnl_percent,
        round(chosen.realized_pnl, 2) as realized_pnl,
        -- a position closed on the session itself still has P&L for that day
        case when chosen.as_of_date = %(as_of_date)s::date then round(chosen.daily_pnl, 2) else 0 end
            as day_change_value,
        case
            when chosen.as_of_date = %(as_of_date)s::date
                then round(100 * chosen.daily_pnl / nullif(abs(chosen.previous_market_value), 0), 4)
            else 0
        end as day_change_percent,
        round(chosen.cumulative_pnl, 2) as total_pnl,
        case
            when chosen.as_of_date = %(as_of_date)s::date then round(chosen.contribution_to_return::numeric, 6)
            else 0
        end as contribution,
        case when chosen.as_of_date = %(as_of_date)s::date then chosen.contribution_null_reason end
            as contribution_null_reason,
        round(risks.component::numeric, 6) as risk_contribution,
        round(risks.share::numeric, 6) as risk_share,
        case
            when not chosen.is_open then 'closed'
            when risks.position_id is null then 'not_published'
            else risks.null_reason
        end as risk_null_reason,
        round(chosen.strike_price, 4) as strike_price,
        chosen.expiration_date,
        chosen.exercise,
        chosen.underlying_symbol,
        chosen.is_open,
        chosen.notes,
        case when not chosen.is_open then chosen.exit_date end as exit_date,
        case when not chosen.is_open then round(chosen.exit_price, 4) end as exit_price,
        (
            select
                coalesce(json_agg(json_build_object(
                    'id', md5(%(user_id)s::text || '/' || all_tags.tag)::uuid,
                    'name', coalesce(named.tag_name, all_tags.tag),
                    'color', coalesce(
                        named.color,
                        (%(tag_colors)s::text[])[1 + (get_byte(decode(md5(all_tags.tag), 'hex'), 0) & 7)]
                    ),
                    'description', named.description
                ) order by coalesce(named.tag_name, all_tags.tag)), '[]'::json)
            from (
                select unnest(carried.tags) as tag
                union
                select unnest(chosen.own_tags) as tag
            ) as all_tags
            left join named on chosen.portfolio_id = named.portfolio_id and all_tags.tag = named.tag
        ) as tags
    from chosen
    left join companies on chosen.company_symbol = companies.symbol
    left join carried on chosen.portfolio_id = carried.portfolio_id and chosen.symbol = carried.symbol
    left join risks on chosen.position_id = risks.position_id and chosen.is_open
),

page as (
    select * from positions
    order by is_open desc, abs(market_value) desc, symbol, id
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(json_agg(page), '[]'::json) as body
    from page
),

totals as (
    select
        count(*) as total_positions,
        coalesce(sum(cost_basis) filter (where is_open), 0) as total_cost_basis,
        coalesce(sum(market_value), 0) as total_market_value,
        coalesce(sum(unrealized_pnl), 0) as total_unrealized_pnl,
        coalesce(sum(realized_pnl), 0) as total_realized_pnl,
        coalesce(bool_or(price_source = 'simulated'), false) as has_simulated_prices
    from chosen
),

unknown_ids as (
    select coalesce(json_agg(requested.position_id order by requested.position_id), '[]'::json) as body
    from unnest(%(position_ids)s::uuid[]) as requested (position_id)
    where requested.position_id <> all(array(
        select position_id from dim_positions
        where position_id = any(%(position_ids)s::uuid[])
    ))
)

select
    case
        when %(is_single)s::boolean then listed.body -> 0
        when %(portfolio_id)s::uuid is null or snapshot.portfolio_id is not null then json_build_object(
            'positions', listed.body,
            'summary', json_build_object(
                'total_positions', totals.total_positions,
                'total_cost_basis', round(totals.total_cost_basis, 2),
                'total_market_value', round(totals.total_market_value, 2),
                'total_unrealized_pnl', round(totals.total_unrealized_pnl, 2),
                'total_realized_pnl', round(totals.total_realized_pnl, 2)
            ),
            'meta', json_build_object(
                'as_of', %(as_of_date)s::date,
                'limit', %(limit)s::integer,
                'offset', %(offset)s::integer,
                'rows_returned', listed.row_count,
                'truncated', %(offset)s + listed.row_count < totals.total_positions,
                'unknown_position_ids', unknown_ids.body,
                'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
            )
        )
    end::text as body
from listed
cross join totals
cross join unknown_ids
left join snapshot on true
where exists (select from scope)
