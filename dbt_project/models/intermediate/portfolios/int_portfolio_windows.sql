-- The portfolios that the build in progress covers, each with the first session built and the session before it, from
-- which its running totals continue: all portfolios if market facts are built, and those whose own data changed,
-- possibly from an earlier session on. Withheld portfolios, and those that were not asked for, are left out.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

changed as (
    select * from {{ ref('stg_ops__build_portfolios') }}
    where publication_id = {{ publication_id() }}
),

excluded as (
    select * from {{ ref('stg_ops__build_exclusions') }}
    where publication_id = {{ publication_id() }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

starts as (
    select
        portfolios.portfolio_id,
        least({{ from_date() }}, changed.from_date) as from_date
    from portfolios
    left join changed on portfolios.portfolio_id = changed.portfolio_id
),

final as (
    select
        starts.portfolio_id,
        starts.from_date,
        calendar.previous_trading_day as session_before
    from starts
    left join calendar on starts.from_date = calendar.as_of_date
    left join excluded on starts.portfolio_id = excluded.portfolio_id
    where starts.from_date <= {{ to_date() }} and excluded.portfolio_id is null
)

select * from final
