{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'position_id', 'as_of_date'], 'unique': true}],
) }}

-- Option positions on the sessions of the window, with the key of their contract and the last volatility implied
-- before: by a quote of an earlier day, or by the portfolio's own entry price if that is newer. Entry prices of other
-- portfolios do not count, so a contract valued at one has its own key.
with days as (
    select * from {{ ref('int_position_days') }}
    where
        investment_class = 'OPTIONS'
        -- a contract whose cash alone exceeds the strike is no longer an option: it is valued at its intrinsic value
        and strike_price > strike_cut
        -- nor is one that delivers what was spun off an option on the symbol alone
        and not is_adjusted
),

volatilities as (
    select
        *,
        lead(observed_on) over (partition by symbol, entry_ratio, portfolio_id order by observed_on) as next_on
    from {{ ref('int_option_volatilities') }}
),

found as (
    select
        days.*,
        {{ contract_key('days') }} as listed_contract,
        quoted.implied_volatility as quoted_volatility,
        quoted.observed_on as quoted_on,
        entered.observed_on as entered_on,
        case
            when quoted.observed_on is null or quoted.observed_on < entered.observed_on
                then entered.implied_volatility
        end as entry_volatility
    from days
    left join volatilities as quoted
        on
            days.symbol = quoted.symbol
            and days.entry_ratio = quoted.entry_ratio
            and quoted.portfolio_id is null
            and days.as_of_date > quoted.observed_on
            and (days.as_of_date <= quoted.next_on or quoted.next_on is null)
    left join volatilities as entered
        on
            days.symbol = entered.symbol
            and days.entry_ratio = entered.entry_ratio
            and days.portfolio_id = entered.portfolio_id
            and days.as_of_date >= entered.observed_on
            and (days.as_of_date < entered.next_on or entered.next_on is null)
),

final as (
    select
        position_id,
        portfolio_id,
        as_of_date,
        listed_contract || coalesce(' @ ' || entry_volatility, '') as contract,
        symbol,
        pricing_symbol as underlying_symbol,
        option_type,
        exercise,
        cast((strike_price - strike_cut) / split_factor as double precision) as strike_price,
        split_factor = 1 and strike_cut = 0 and step = 1 as is_as_listed,
        expiration_date,
        cast(expiration_date - as_of_date as double precision) / 365 as years_to_expiration,
        is_settlement,
        coalesce(entry_volatility, quoted_volatility) as carried_volatility,
        case when entry_volatility is not null then entered_on else quoted_on end as carried_from,
        case
            when entry_volatility is not null then 'entry'
            when quoted_volatility is not null then 'carried'
        end as carried_source
    from found
)

select * from final
