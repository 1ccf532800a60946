-- GET /data/portfolio/{id}/exposures: exposures at market, at cost and delta-adjusted, by session, oldest first. By
-- default the last max_days sessions. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope
with chosen as (
    select *
    from fct_portfolio_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date <= least(%(as_of_date)s::date, %(to_date)s::date)
        and (%(from_date)s::date is null or as_of_date >= %(from_date)s::date)
    order by as_of_date desc
    limit %(max_days)s + 1
),

numbered as (
    select
        *,
        row_number() over (order by as_of_date desc) as days_ago
    from chosen
),

listed as (
    select
        count(*) as row_count,
        min(as_of_date) as first_date,
        max(as_of_date) as last_date,
        coalesce(
            json_agg(
                json_build_object(
                    'as_of_date', as_of_date,
                    'long_exposure', round(long_exposure, 2),
                    'short_exposure', round(short_exposure, 2),
                    'gross_exposure', round(gross_exposure, 2),
                    'net_exposure', round(net_exposure, 2),
                    'long_exposure_at_cost', round(long_exposure_at_cost, 2),
                    'short_exposure_at_cost', round(short_exposure_at_cost, 2),
                    'gross_exposure_at_cost', round(gross_exposure_at_cost, 2),
                    'net_exposure_at_cost', round(net_exposure_at_cost, 2),
                    'long_exposure_delta_adjusted', round(long_exposure_delta_adjusted, 2),
                    'short_exposure_delta_adjusted', round(short_exposure_delta_adjusted, 2),
                    'gross_exposure_delta_adjusted', round(gross_exposure_delta_adjusted, 2),
                    'net_exposure_delta_adjusted', round(net_exposure_delta_adjusted, 2),
                    'delta_adjusted_null_reason', delta_adjusted_null_reason,
                    'leverage', round(leverage::numeric, 6),
                    'net_to_equity', round(net_to_equity::numeric, 6),
                    'ratio_null_reason', ratio_null_reason
                )
                order by as_of_date
            ),
            '[]'::json
        ) as body
    from numbered
    where days_ago <= %(max_days)s
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'exposures', listed.body,
            'metadata', json_build_object(
                'from', listed.first_date,
                'to', listed.last_date,
                'sessions', listed.row_count,
                'truncated', (select count(*) from chosen) > listed.row_count,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
