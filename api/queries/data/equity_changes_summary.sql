-- GET /portfolios/{id}/equity-changes/summary: contributions and withdrawals up to a session: in total, and over the
-- calendar days (or the year) before it. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope
with flows as (
    select *
    from fct_capital_flows
    where
        portfolio_id = %(portfolio_id)s::uuid
        and flow_date <= %(as_of_date)s::date
        and (%(start_date)s::date is null or flow_date >= %(start_date)s::date)
        and (%(end_date)s::date is null or flow_date <= %(end_date)s::date)
),

periods as (
    select
        name,
        from_date
    from (
        values
        ('30d', %(as_of_date)s::date - 29),
        ('90d', %(as_of_date)s::date - 89),
        ('365d', %(as_of_date)s::date - 364),
        ('ytd', date_trunc('year', %(as_of_date)s::date)::date),
        ('all', '-infinity'::date)
    ) as named (name, from_date)
),

sums as (
    select
        periods.name,
        round(coalesce(sum(flows.amount) filter (where flows.amount > 0), 0.00), 2)::text as contributions,
        round(coalesce(-sum(flows.amount) filter (where flows.amount < 0), 0.00), 2)::text as withdrawals,
        round(coalesce(sum(flows.amount), 0.00), 2)::text as net_flow,
        count(flows.flow_id) as change_count
    from periods
    left join flows on periods.from_date <= flows.flow_date
    group by periods.name
),

by_period as (
    select
        json_object_agg(name, json_build_object(
            'contributions', contributions,
            'withdrawals', withdrawals,
            'net_flow', net_flow,
            'change_count', change_count
        )) as body
    from sums
    where name <> 'all'
),

last_change as (
    select
        json_build_object(
            'id', flow_id,
            'portfolio_id', portfolio_id,
            'change_type', case when amount > 0 then 'CONTRIBUTION' else 'WITHDRAWAL' end,
            'amount', round(abs(amount), 2)::text,
            'change_date', flow_date,
            'notes', notes,
            'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        ) as body
    from flows
    order by flow_date desc, flow_id
    limit 1
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'as_of', %(as_of_date)s::date,
            'total_contributions', total.contributions,
            'total_withdrawals', total.withdrawals,
            'net_flow', total.net_flow,
            'last_change', (select body from last_change),
            'periods', by_period.body
        )
    end::text as body
from portfolio
inner join sums as total on total.name = 'all'
cross join by_period
left join snapshot on true
