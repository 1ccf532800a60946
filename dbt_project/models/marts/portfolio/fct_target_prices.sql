{{ config(materialized='mart', grain=['portfolio_id', 'symbol', 'as_of_date']) }}

-- Expected returns at the valid target prices of each symbol held at the close. Returns are those of the position: a
-- short position gains when the price falls. Targets are adjusted for splits. Targets for the end of this
-- and of the next year end with the year in which they were stated.
with targets as (
    select * from {{ ref('int_target_price_periods') }}
),

position_values as not materialized (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

snapshots as not materialized (
    select * from {{ ref('fct_portfolio_snapshots') }}
    where {{ is_being_built() }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

-- The lots of a symbol share its price, except private lots bought after the last valuation: the newest price that is
-- not an entry price is used for all lots.
held as (
    select distinct on (position_values.portfolio_id, position_values.as_of_date, position_values.symbol)
        position_values.portfolio_id,
        position_values.as_of_date,
        position_values.symbol,
        position_values.pricing_symbol,
        targets.effective_date,
        targets.target_price_eoy,
        targets.target_price_next_year,
        targets.downside_target_price,
        targets.stated_on,
        targets.target_created_at,
        targets.target_updated_at,
        position_values.price_date,
        position_values.price_flag,
        -- an entry price is not a basis for an expected return, except for a private holding without a valuation
        case
            when position_values.price_source <> 'entry' or position_values.investment_class = 'PRIVATE'
                then position_values.price
        end as price,
        sum(position_values.quantity) over whole_symbol as quantity,
        sum(position_values.market_value) over whole_symbol as market_value,
        count(*) over whole_symbol as position_count
    from position_values
    inner join targets
        on
            position_values.portfolio_id = targets.portfolio_id
            and position_values.symbol = targets.symbol
            and position_values.as_of_date >= targets.effective_date
            and position_values.as_of_date < targets.valid_before
    window
        whole_symbol as (
            partition by position_values.portfolio_id, position_values.as_of_date, position_values.symbol
        )
    order by
        position_values.portfolio_id asc,
        position_values.as_of_date asc,
        position_values.symbol asc,
        position_values.price_source = 'entry' asc,
        position_values.price_date desc,
        position_values.position_id asc
),

in_shares_of_the_day as (
    select
        held.*,
        extract(year from held.as_of_date) > extract(year from held.stated_on) as is_year_over,
        coalesce(stated_split.cumulative_ratio, 1) / coalesce(now_split.cumulative_ratio, 1) as price_factor
    from held
    {{ join_split_period('splits', 'stated_split', 'held.pricing_symbol', 'held.stated_on', since='ex_date') }}
    {{ join_split_period('splits', 'now_split', 'held.pricing_symbol', 'held.as_of_date') }}
),

weighted as (
    select
        targeted.portfolio_id,
        targeted.as_of_date,
        targeted.symbol,
        targeted.effective_date,
        case
            when not targeted.is_year_over
                then {{ rounded_price('targeted.target_price_eoy * targeted.price_factor') }}
        end as target_price_eoy,
        case
            when not targeted.is_year_over
                then {{ rounded_price('targeted.target_price_next_year * targeted.price_factor') }}
        end as target_price_next_year,
        targeted.is_year_over
        and coalesce(targeted.target_price_eoy, targeted.target_price_next_year) is not null as is_target_over,
        {{ rounded_price('targeted.downside_target_price * targeted.price_factor') }} as downside_target_price,
        targeted.price,
        case when targeted.price is not null then targeted.price_date end as price_date,
        targeted.price_flag,
        targeted.quantity,
        cast(targeted.market_value as numeric(38, 2)) as market_value,
        cast(targeted.position_count as integer) as position_count,
        targeted.target_created_at,
        targeted.target_updated_at,
        -- sign of the position in its return; null where there is no return
        case when targeted.price > 0 then nullif(sign(targeted.quantity), 0) end as side,
        snapshots.equity
    from in_shares_of_the_day as targeted
    inner join snapshots
        on targeted.portfolio_id = snapshots.portfolio_id and targeted.as_of_date = snapshots.as_of_date
),

returned as (
    select
        *,
        cast(case when equity > 0 then market_value / equity end as double precision) as position_weight,
        cast(side * (target_price_eoy / nullif(price, 0) - 1) as double precision) as expected_return_eoy,
        cast(side * (target_price_next_year / nullif(price, 0) - 1) as double precision) as expected_return_next_year,
        cast(side * (downside_target_price / nullif(price, 0) - 1) as double precision) as downside_return
    from weighted
),

final as (
    select
        portfolio_id,
        symbol,
        as_of_date,
        effective_date,
        target_price_eoy,
        target_price_next_year,
        downside_target_price,
        price,
        price_date,
        price_flag,
        quantity,
        market_value,
        position_count,
        position_weight,
        expected_return_eoy,
        expected_return_next_year,
        downside_return,
        abs(position_weight) * expected_return_eoy as contribution_to_portfolio_return,
        case
            when price is null then 'no_price'
            when price = 0 then 'price_is_zero'
            when side is null then 'long_and_short_cancel'
            when position_weight is null then 'equity_not_positive'
            when is_target_over then 'target_year_over'
            when target_price_eoy is null or target_price_next_year is null or downside_target_price is null
                then 'target_not_given'
        end as null_reason,
        target_created_at,
        target_updated_at
    from returned
)

select * from final
