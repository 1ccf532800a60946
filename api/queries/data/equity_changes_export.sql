-- GET /portfolios/{id}/equity-changes/export?format=csv: contributions and withdrawals up to a session, oldest first,
-- as CSV (RFC 4180). Notes that begin like a formula are prefixed with an apostrophe: spreadsheets execute formulas. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope
with flows as (
    select
        flow_date,
        flow_id,
        concat_ws(
            ',',
            flow_id,
            flow_date,
            case when amount > 0 then 'CONTRIBUTION' else 'WITHDRAWAL' end,
            round(abs(amount), 2),
            '"' || replace(
                case when notes ~ '^[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]' then '''' else '' end
                || coalesce(notes, ''),
                '"',
                '""'
            ) || '"',
            to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        ) as csv_row
    from fct_capital_flows
    where
        portfolio_id = %(portfolio_id)s::uuid
        and flow_date <= %(as_of_date)s::date
        and (%(start_date)s::date is null or flow_date >= %(start_date)s::date)
        and (%(end_date)s::date is null or flow_date <= %(end_date)s::date)
)

select
    case
        when snapshot.portfolio_id is not null then concat(
            'id,change_date,change_type,amount,notes,created_at', e'\r\n',
            (select string_agg(csv_row || e'\r\n', '' order by flow_date, flow_id) from flows)
        )
    end as body
from portfolio
left join snapshot on true
