-- GET /portfolios/{id}/equity-changes: contributions and withdrawals up to a session, newest first, by page. No row:
-- the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope
with flows as (
    select
        flow_id as id,
        portfolio_id,
        case when amount > 0 then 'CONTRIBUTION' else 'WITHDRAWAL' end as change_type,
        round(abs(amount), 2)::text as amount,
        flow_date as change_date,
        notes,
        to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
    from fct_capital_flows
    where
        portfolio_id = %(portfolio_id)s::uuid
        and flow_date <= %(as_of_date)s::date
        and (%(start_date)s::date is null or flow_date >= %(start_date)s::date)
        and (%(end_date)s::date is null or flow_date <= %(end_date)s::date)
),

page as (
    select * from flows
    order by change_date desc, id
    limit %(limit)s offset %(offset)s
),

counted as (
    select count(*) as total_items
    from flows
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'items', (select coalesce(json_agg(page), '[]'::json) from page),
            'page', %(offset)s / %(limit)s + 1,
            'page_size', %(limit)s::integer,
            'total_items', counted.total_items,
            'total_pages', ceil(counted.total_items / %(limit)s::numeric)::integer
        )
    end::text as body
from portfolio
cross join counted
left join snapshot on true
