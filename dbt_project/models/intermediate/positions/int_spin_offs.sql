{{ config(materialized='build_table', indexes=[{'columns': ['symbol', 'ex_date'], 'unique': true}]) }}

-- Spin-offs: a share held before the ex-date gets `ratio` shares of new_symbol. They arrive on first_session, the first
-- one from the ex-date on with a close of the new symbol; null while there is none. cost_share: of the cost, what the
-- new shares take: as stated or, if it is not, by both closes of the session, which needs both. new_value: USD per
-- share held before the ex-date, at the close of the session.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
    where action = 'spin_off'
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

prices as not materialized (
    select * from {{ ref('stg_raw__prices') }}
    where price_date <= {{ to_date() }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

dated as (
    select
        actions.*,
        calendar.session_on_or_after as ex_session,
        (
            select coalesce(min(mergers.ex_session), 'infinity') from mergers
            where mergers.symbol = actions.symbol and mergers.ex_date > actions.ex_date
        ) as before_session
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
),

arrived as (
    select
        dated.*,
        common.first_session,
        -- in shares of the ex-date: the new ones after it, the old ones before it
        common.new_close * (
            select coalesce(udf.product(splits.split_ratio), 1) from splits
            where
                splits.symbol = dated.new_symbol
                and splits.ex_date > dated.ex_date and splits.ex_session <= common.first_session
        ) as new_close,
        common.close * (
            select coalesce(udf.product(splits.split_ratio), 1) from splits
            where
                splits.symbol = dated.symbol
                and splits.ex_date >= dated.ex_date and splits.ex_session <= common.first_session
        ) as close
    from dated
    left join lateral (
        select
            new_prices.price_date as first_session,
            new_prices.close as new_close,
            old_prices.close
        from prices as new_prices
        inner join calendar on new_prices.price_date = calendar.as_of_date and calendar.is_trading_day
        left join prices as old_prices
            on dated.symbol = old_prices.symbol and new_prices.price_date = old_prices.price_date
        where
            new_prices.symbol = dated.new_symbol
            and new_prices.price_date >= dated.ex_session
            and new_prices.price_date < dated.before_session
            and (dated.cost_share is not null or old_prices.close is not null)
        order by new_prices.price_date
        limit 1
    ) as common on true
),

final as (
    select
        symbol,
        ex_date,
        ex_session,
        first_session,
        new_symbol,
        listed_new_symbol,
        value as ratio,
        case
            when first_session is null then null
            else coalesce(cost_share, value * new_close / (close + value * new_close))
        end as cost_share,
        case when cost_share is null then 'closes' else 'stated' end as cost_share_by,
        value * new_close as new_value
    from arrived
)

select * from final
