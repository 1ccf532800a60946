-- GET /data/company-profiles: profiles of companies and funds as of a session: of the symbols named, or of those held
-- in positions or a portfolio (an option's underlying). A profile is valid from its date on; if a symbol's first
-- profile is later, its name and sector are returned without figures. No row: neither the portfolio nor any of the
-- positions is this user's. Null body: the portfolio begins after the session.
-- with holders, portfolio_scope, readable_symbols
with held as materialized (
    select position_id
    from fct_position_values
    where
        %(portfolio_id)s::uuid is not null
        and portfolio_id = any(array(select portfolio_id from scope))
        and as_of_date = %(as_of_date)s::date
        and is_open
    union
    select unnest(%(position_ids)s::uuid[]) as position_id
),

wanted as materialized (
    select coalesce(underlying_symbol, symbol) as symbol
    from dim_positions
    where
        position_id = any(array(select position_id from held))
        and portfolio_id = any(array(select portfolio_id from scope))
        and entry_date <= %(as_of_date)s::date
        and investment_class <> 'PRIVATE'
    union
    select unnest(%(symbols)s::text[]) as symbol
),

profiles_in_force as (
    select distinct on (symbol)
        *,
        profile_date <= %(as_of_date)s::date as is_known
    from dim_company_profiles
    where
        symbol = any(array(
            select wanted.symbol
            from wanted
            inner join readable_symbols on wanted.symbol = readable_symbols.symbol
        ))
        and (profile_date <= %(as_of_date)s::date or is_first)
    order by symbol asc, profile_date desc
),

profiles as (
    select
        symbol,
        name as company_name,
        security_type,
        sector,
        industry,
        exchange,
        country,
        currency,
        round(case when is_known then market_cap end, 2) as market_cap,
        description,
        is_etf,
        is_fund,
        case when is_known then employees end as employees,
        website,
        round((case when is_known then pe_ratio end)::numeric, 4) as pe_ratio,
        round((case when is_known then forward_pe end)::numeric, 4) as forward_pe,
        round((case when is_known then dividend_yield end)::numeric, 6) as dividend_yield,
        round((case when is_known then provider_beta end)::numeric, 6) as beta,
        round(case when is_known then week_52_high end, 4) as week_52_high,
        round(case when is_known then week_52_low end, 4) as week_52_low,
        round(case when is_known then target_mean_price end, 4) as target_mean_price,
        round(case when is_known then target_high_price end, 4) as target_high_price,
        round(case when is_known then target_low_price end, 4) as target_low_price,
        case when is_known then number_of_analyst_opinions end as number_of_analyst_opinions,
        round((case when is_known then recommendation_mean end)::numeric, 4) as recommendation_mean,
        case when is_known then recommendation_key end as recommendation_key,
        round((case when is_known then forward_eps end)::numeric, 4) as forward_eps,
        round((case when is_known then current_year_earnings_avg end)::numeric, 4) as current_year_earnings_avg,
        round((case when is_known then next_year_earnings_avg end)::numeric, 4) as next_year_earnings_avg,
        case when is_known then current_year_revenue_avg end as current_year_revenue_avg,
        case when is_known then next_year_revenue_avg end as next_year_revenue_avg,
        round((case when is_known then earnings_growth end)::numeric, 6) as earnings_growth,
        round((case when is_known then revenue_growth end)::numeric, 6) as revenue_growth,
        round((case when is_known then profit_margins end)::numeric, 6) as profit_margins,
        round((case when is_known then operating_margins end)::numeric, 6) as operating_margins,
        round((case when is_known then gross_margins end)::numeric, 6) as gross_margins,
        round((case when is_known then return_on_assets end)::numeric, 6) as return_on_assets,
        round((case when is_known then return_on_equity end)::numeric, 6) as return_on_equity,
        round(case when is_known then total_revenue end, 2) as total_revenue,
        case when is_known then next_earnings_date end as next_earnings_date,
        case when is_known then profile_date end as profile_date,
        source as data_source,
        to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_updated
    from profiles_in_force
),

page as (
    select
        symbol,
        to_jsonb(profiles) as profile
    from profiles
    order by symbol
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(jsonb_agg(
            case
                when %(fields)s::text[] is null then page.profile
                else (
                    select jsonb_object_agg(field.key, field.value)
                    from jsonb_each(page.profile) as field
                    where field.key = 'symbol' or field.key = any(%(fields)s::text[])
                )
            end
            order by page.symbol
        ), '[]'::jsonb) as body
    from page
)

select
    case
        when %(portfolio_id)s::uuid is null or snapshot.portfolio_id is not null then json_build_object(
            'profiles', listed.body,
            'meta', json_build_object(
                'query_type', case
                    when %(portfolio_id)s::uuid is not null then 'portfolio'
                    when %(position_ids)s::uuid[] is not null then 'positions'
                    else 'symbols'
                end,
                'requested_symbols', (select coalesce(json_agg(symbol order by symbol), '[]'::json) from wanted),
                'returned_profiles', listed.row_count,
                'missing_profiles', (
                    select coalesce(json_agg(symbol order by symbol), '[]'::json) from wanted
                    where symbol <> all(array(select symbol from profiles_in_force))
                ),
                'as_of', %(as_of_date)s::date,
                'limit', %(limit)s::integer,
                'offset', %(offset)s::integer,
                'truncated', %(offset)s + listed.row_count < (select count(*) from profiles_in_force)
            )
        )
    end::text as body
from listed
left join snapshot on true
where %(symbols)s::text[] is not null or exists (select from scope)
