-- GET /portfolios/{id}/income: dividends on what was held, by month, symbol and year, up to the session, and fees of
-- transactions. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope
with dividends as (
    select
        as_of_date,
        symbol,
        dividends,
        extract(year from as_of_date)::integer as calendar_year
    from fct_position_values
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date <= %(as_of_date)s::date
        and dividends <> 0
),

chosen as (
    select * from dividends
    where %(year)s::integer is null or calendar_year = %(year)s::integer
),

months as (
    select
        to_char(as_of_date, 'YYYY-MM') as calendar_month,
        sum(dividends) as dividends
    from chosen
    group by to_char(as_of_date, 'YYYY-MM')
),

by_month as (
    select
        coalesce(
            json_agg(
                json_build_object('month', calendar_month, 'dividends', dividends)
                order by calendar_month
            ),
            '[]'::json
        ) as body
    from months
),

symbols as (
    select
        symbol,
        sum(dividends) as dividends
    from chosen
    group by symbol
),

by_symbol as (
    select
        coalesce(
            json_agg(
                json_build_object('symbol', symbol, 'dividends', dividends)
                order by dividends desc, symbol
            ),
            '[]'::json
        ) as body
    from symbols
),

years as (
    select
        calendar_year,
        sum(dividends) as dividends
    from dividends
    group by calendar_year
),

by_year as (
    select
        coalesce(
            json_agg(
                json_build_object('year', calendar_year, 'dividends', dividends)
                order by calendar_year desc
            ),
            '[]'::json
        ) as body
    from years
),

transactions as (
    select
        count(*) as row_count,
        coalesce(sum(fees) filter (
            where %(year)s::integer is null or extract(year from trade_date) = %(year)s::integer
        ), 0) as fees
    from fct_transactions
    where portfolio_id = %(portfolio_id)s::uuid and trade_date <= %(as_of_date)s::date
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'year', %(year)s::integer,
            'dividends', (select coalesce(sum(chosen.dividends), 0) from chosen),
            'by_month', by_month.body,
            'by_symbol', by_symbol.body,
            'by_year', by_year.body,
            'fees', case when transactions.row_count > 0 then transactions.fees end,
            'fees_null_reason', case when transactions.row_count = 0 then 'no_transactions' end,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join by_month
cross join by_symbol
cross join by_year
cross join transactions
