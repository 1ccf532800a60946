-- GET /data/positions: open positions of one portfolio, or of all of the user's, on a session: filtered, sorted by one
-- column, and summed by group. No row: the portfolio is not this user's.
-- Keys are passed to the views as arrays: only then does the planner look them up in the index.
with scope as materialized (
    select portfolio_id
    from dim_portfolios
    where %(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s::uuid
),

described as materialized (
    select
        held.*,
        dim_positions.investment_subtype,
        dim_positions.entry_date,
        dim_positions.own_tags,
        coalesce(held.underlying_symbol, held.symbol) as company_symbol
    from fct_position_values as held
    inner join dim_positions
        on
            held.position_id = dim_positions.position_id
            and dim_positions.portfolio_id = any(array(select portfolio_id from scope))
    where
        held.portfolio_id = any(array(select portfolio_id from scope))
        and held.as_of_date = %(as_of_date)s::date
        and held.is_open
),

companies as (
    select distinct on (symbol)
        symbol,
        name
    from dim_company_profiles
    where
        symbol = any(array(select company_symbol from described))
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
        tag_name
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
        portfolio_id = any(array(select portfolio_id from scope))
        and as_of_date = %(as_of_date)s::date
        and measure = 'volatility'
),

positions as (
    select
        described.*,
        risks.component as risk_contribution,
        risks.share as risk_share,
        case when risks.position_id is null then 'not_published' else risks.null_reason end as risk_null_reason,
        companies.name as company_name,
        case
            when described.investment_class = 'PRIVATE' then 'Private'
            else coalesce(described.sector, 'Unclassified')
        end as sector_bucket,
        array(
            select coalesce(named.tag_name, all_tags.tag) as tag_name
            from (
                select unnest(carried.tags) as tag
                union
                select unnest(described.own_tags) as tag
            ) as all_tags
            left join named on described.portfolio_id = named.portfolio_id and all_tags.tag = named.tag
            order by tag_name
        ) as tags
    from described
    left join companies on described.company_symbol = companies.symbol
    left join carried on described.portfolio_id = carried.portfolio_id and described.symbol = carried.symbol
    left join risks on described.position_id = risks.position_id
),

matching as (
    select * from positions
    where
        (%(type)s::text is null or %(type)s::text in (position_type, investment_class))
        and (%(sector)s::text is null or lower(sector_bucket) = lower(%(sector)s::text))
        -- a tag may be asked for by its first name too
        and (
            %(tag)s::text is null
            or coalesce(
                (
                    select min(tag_name)
                    from named
                    where tag = %(tag)s::text
                ),
                %(tag)s::text
            ) = any(tags)
        )
),

ranked as (
    select
        *,
        row_number() over (
            order by
                case %(sort)s::text
                    when 'market_value' then -abs(market_value)
                    when 'weight' then -abs(weight)::numeric
                    when 'unrealized_pnl' then -unrealized_pnl
                    when 'day_change' then -daily_pnl
                    when 'entry_date' then entry_date - date '2000-01-01'
                end,
                symbol,
                position_id
        ) as place
    from matching
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'id', position_id,
                    'portfolio_id', portfolio_id,
                    'symbol', symbol,
                    'company_name', company_name,
                    'position_type', position_type,
                    'investment_class', investment_class,
                    'investment_subtype', investment_subtype,
                    'underlying_symbol', underlying_symbol,
                    'sector', sector_bucket,
                    'tags', to_json(tags),
                    'entry_date', entry_date,
                    'quantity', trim_scale(round(quantity, 6)),
                    'current_price', round(price, 4),
                    'price_flag', price_flag,
                    'market_value', round(market_value, 2),
                    'weight', round(weight::numeric, 6),
                    'cost_basis', round(cost_basis, 2),
                    'unrealized_pnl', round(unrealized_pnl, 2),
                    'day_change_value', round(daily_pnl, 2),
                    'contribution', round(contribution_to_return::numeric, 6),
                    'contribution_null_reason', contribution_null_reason,
                    'risk_contribution', round(risk_contribution::numeric, 6),
                    'risk_share', round(risk_share::numeric, 6),
                    'risk_null_reason', risk_null_reason
                )
                order by place
            ),
            '[]'::json
        ) as body
    from ranked
    where place > %(offset)s and place <= %(offset)s + %(limit)s
),

bucketed as (
    select
        matching.*,
        buckets.bucket
    from matching
    cross join
        lateral (
            select
                case %(group_by)s::text
                    when 'symbol' then matching.company_symbol
                    when 'sector' then matching.sector_bucket
                    when 'type' then matching.position_type
                    when 'class' then matching.investment_class
                    when 'portfolio' then matching.portfolio_id::text
                end as bucket
            where %(group_by)s::text <> 'tag'
            union all
            select unnest(case when matching.tags = array[]::text[] then array['untagged'] else matching.tags end)
            where %(group_by)s::text = 'tag'
        ) as buckets
),

groups as (
    select
        bucket,
        count(*) as position_count,
        sum(market_value) as market_value,
        sum(abs(market_value)) as gross_exposure,
        sum(unrealized_pnl) as unrealized_pnl,
        sum(daily_pnl) as daily_pnl,
        -- ratios of portfolios with equities of their own do not add up
        sum(contribution_to_return) filter (where %(portfolio_id)s::uuid is not null) as contribution,
        sum(risk_contribution) filter (where %(portfolio_id)s::uuid is not null) as risk_contribution,
        sum(risk_share) filter (where %(portfolio_id)s::uuid is not null) as risk_share,
        count(*) filter (where risk_contribution is null) as positions_without_risk
    from bucketed
    group by bucket
),

grouped as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'bucket', bucket,
                    'position_count', position_count,
                    'market_value', round(market_value, 2),
                    'gross_exposure', round(gross_exposure, 2),
                    'unrealized_pnl', round(unrealized_pnl, 2),
                    'day_change_value', round(daily_pnl, 2),
                    'contribution', round(contribution::numeric, 6),
                    'risk_contribution', round(risk_contribution::numeric, 6),
                    'risk_share', round(risk_share::numeric, 6),
                    'positions_without_risk', positions_without_risk
                )
                order by gross_exposure desc, bucket
            ),
            '[]'::json
        ) as body
    from groups
),

totals as (
    select
        count(*) as position_count,
        coalesce(sum(market_value), 0) as market_value,
        coalesce(sum(unrealized_pnl), 0) as unrealized_pnl
    from matching
)

select
    json_build_object(
        'total', totals.position_count,
        'total_market_value', round(totals.market_value, 2),
        'total_unrealized_pnl', round(totals.unrealized_pnl, 2),
        'limit', %(limit)s::integer,
        'offset', %(offset)s::integer,
        'positions', listed.body,
        'groups', case when %(group_by)s::text is not null then grouped.body end
    )::text as body
from totals
cross join listed
cross join grouped
where %(portfolio_id)s::uuid is null or exists (select from scope)
