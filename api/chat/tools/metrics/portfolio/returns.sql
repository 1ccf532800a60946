-- Time-weighted returns of the day, month and year to date, one year and since inception; null where the chain of
-- returns is broken or, for a year, where the history is shorter.
with spans as (
    select
        *,
        max(as_of_date) filter (where as_of_date < date_trunc('month', %(as_of_date)s::date)::date)
            over (partition by portfolio_id) as month_base,
        max(as_of_date) filter (where as_of_date < date_trunc('year', %(as_of_date)s::date)::date)
            over (partition by portfolio_id) as year_base,
        max(as_of_date) filter (where as_of_date <= (%(as_of_date)s::date - interval '1 year')::date)
            over (partition by portfolio_id) as one_year_base
    from fct_portfolio_snapshots
    where
        portfolio_id = any(%(portfolio_ids)s::uuid[])
        and as_of_date <= %(as_of_date)s::date
),

bases as (
    select
        portfolio_id,
        max(twr_index) filter (where as_of_date = month_base) as month_index,
        max(twr_index) filter (where as_of_date = year_base) as year_index,
        max(twr_index) filter (where as_of_date = one_year_base) as one_year_index,
        bool_or(month_base is null) as begins_in_month,
        bool_or(year_base is null) as begins_in_year
    from spans
    group by portfolio_id
)

select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.daily_return,
    facts.twr_index / case when bases.begins_in_month then 1 else bases.month_index end - 1 as mtd_return,
    facts.twr_index / case when bases.begins_in_year then 1 else bases.year_index end - 1 as ytd_return,
    facts.twr_index / bases.one_year_index - 1 as one_year_return,
    facts.twr_index - 1 as return_since_inception,
    facts.twr_null_reason,
    portfolios.inception_date
from fct_portfolio_snapshots as facts
inner join bases on facts.portfolio_id = bases.portfolio_id
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
