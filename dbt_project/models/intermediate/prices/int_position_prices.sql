{{ config(materialized='ephemeral') }}

-- Price of one unit of each position on each day, with its source and flag. A contract adjusted by a spin-off is worth
-- what it delivers less its strike: the shares of both companies.
with days as (
    select * from {{ ref('int_position_days') }}
),

closes as (
    select * from {{ ref('int_valuation_prices') }}
),

quotes as (
    select * from {{ ref('stg_raw__option_quotes') }}
    where quote_date between {{ first_date() }} and {{ to_date() }}
),

option_days as (
    select * from {{ ref('int_option_days') }}
),

greeks as (
    select * from {{ ref('int_option_greeks') }}
),

marks as (
    select * from {{ ref('int_private_marks') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

-- per share at the entry
delivered as (
    select
        paths.position_id,
        closes.as_of_date,
        sum(
            paths.new_shares * closes.price
            * coalesce(now_split.cumulative_ratio, 1) / coalesce(ex_split.cumulative_ratio, 1)
        ) as new_value
    from {{ ref('int_position_paths') }} as paths
    inner join closes on paths.new_symbol = closes.symbol and paths.from_session <= closes.as_of_date
    {{ join_split_period('splits', 'now_split', 'paths.new_symbol', 'closes.as_of_date') }}
    {{ join_split_period('splits', 'ex_split', 'paths.new_symbol', 'paths.event_date', since='ex_date') }}
    where paths.is_adjusted
    group by paths.position_id, closes.as_of_date
),

found as (
    select
        days.*,
        days.entry_price / days.split_factor as entry_price_now,
        closes.price as close_price,
        closes.price_date as close_date,
        closes.price_flag as close_flag,
        closes.source as close_source,
        greeks.contract,
        greeks.delta,
        greeks.null_reason as greeks_null_reason,
        cast(greeks.model_price as numeric(38, 9)) as model_price,
        quotes.price as quote_price,
        quotes.source as quote_source,
        marks.price as mark_price,
        marks.mark_date,
        -- a missing_price or dead_symbol close from before the entry is less reliable than the entry price
        coalesce(
            closes.price_flag in ('missing_price', 'dead_symbol') and closes.price_date < days.entry_session, false
        )
        or closes.price is null as is_unpriced,
        case
            when days.option_type = 'CALL'
                then greatest(closes.price - in_the_money.strike, 0)
            when days.option_type = 'PUT'
                then greatest(in_the_money.strike - closes.price, 0)
        end as intrinsic_value,
        case
            when days.is_adjusted then 'intrinsic'
            when days.investment_class = 'PRIVATE' then 'mark'
            when days.is_cash then 'cash'
            when days.investment_class = 'PUBLIC' then 'close'
            when quotes.price is not null and not days.is_settlement then 'quote'
            when greeks.model_price is not null then 'model'
            else 'intrinsic'
        end as price_basis
    from days
    left join closes
        on
            days.pricing_symbol = closes.symbol
            and days.as_of_date = closes.as_of_date
            and days.investment_class <> 'PRIVATE'
    left join quotes
        on
            days.symbol = quotes.symbol
            and days.as_of_date = quotes.quote_date
            and days.investment_class = 'OPTIONS'
            -- a quote is for the contract as it trades now, not for one from before a split
            and days.split_factor = 1
            and days.strike_cut = 0
            and days.step = 1
    left join option_days
        on days.position_id = option_days.position_id and days.as_of_date = option_days.as_of_date
    left join greeks
        on option_days.contract = greeks.contract and option_days.as_of_date = greeks.as_of_date
    left join marks
        on
            days.investment_class = 'PRIVATE'
            and days.portfolio_id = marks.portfolio_id
            and days.symbol = marks.symbol
            and days.as_of_date >= marks.mark_date
            and (days.as_of_date < marks.next_mark_date or marks.next_mark_date is null)
            -- a valuation from before the purchase does not apply to this holding
            and days.entry_date <= marks.mark_date
    left join delivered
        on days.position_id = delivered.position_id and days.as_of_date = delivered.as_of_date
    cross join lateral (
        select (days.strike_price - days.strike_cut - coalesce(delivered.new_value, 0)) / days.split_factor as strike
    ) as in_the_money
),

final as (
    select
        *,
        trim_scale(case
            when price_basis = 'mark' then coalesce(mark_price, entry_price)
            when price_basis = 'cash' then 1
            when price_basis = 'quote' then quote_price
            when is_unpriced then entry_price_now
            when price_basis = 'close' then close_price
            when price_basis = 'model' then model_price
            else intrinsic_value
        end) as price,
        case
            when price_basis = 'mark' then coalesce(mark_date, entry_date)
            when price_basis in ('cash', 'quote') then as_of_date
            when is_unpriced then entry_date
            else close_date
        end as price_date,
        case
            when price_basis = 'mark' then 'private_mark'
            when price_basis in ('cash', 'quote') then null
            when is_unpriced then 'missing_price'
            when price_basis = 'close' or is_settlement then close_flag
            when close_flag in ('missing_price', 'dead_symbol') then close_flag
            when is_adjusted then 'adjusted_deliverable'
            when price_basis = 'model' then 'model_price'
            else 'intrinsic_value'
        end as price_flag,
        case
            when price_basis = 'mark' and mark_price is not null then 'mark'
            when price_basis = 'quote' then quote_source
            when price_basis = 'cash' then 'cash'
            when price_basis = 'mark' or is_unpriced then 'entry'
            else close_source
        end as price_source
    from found
)

select * from final
