{{ config(
    materialized='mart',
    schema='published',
    readers=false,
    grain=['position_id', 'as_of_date'],
    restated_as='fct_position_values',
) }}

-- Value and P&L of every position, rounded to the cent as on a statement. Daily P&L starts on the first day at the cost
-- basis, or at the value of that day for a lot from before the portfolio's opening, and ends at the exit, settlement or
-- market value on the last; its running total continues from the session before the window. Hypothetical P&L is that of
-- the position of the previous close, held to this close: an entry has none, an exit ends at the close, a settlement at
-- its intrinsic value. A merger changes what is held without a trade; what it pays in cash is P&L. So is the value of
-- what a spin-off brings, which enters as a position of its own: what is unrealized of it moves from one to the other.
with priced as (
    select * from {{ ref('int_position_prices') }}
),

dividends as (
    select * from {{ ref('int_dividends') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

sectors as (
    select * from {{ ref('int_symbol_profiles') }}
),

parents as (
    select * from {{ ref('int_spin_off_parents') }}
),

day_before as (
    {{ session_before_window({
        'position_id': 'uuid',
        'market_value': 'numeric',
        'cumulative_pnl': 'numeric',
        'cumulative_dividends': 'numeric',
        'cumulative_realized_pnl': 'numeric',
        'unrealized_at_opening': 'numeric',
    }) }}
),

valued as (
    select
        priced.*,
        cast(priced.quantity * priced.split_factor as numeric(38, 6)) as quantity_now,
        cast(case
            when priced.is_open then priced.quantity * priced.split_factor * priced.contract_multiplier * priced.price
            else 0
        end as numeric(38, 2)) as market_value,
        cast(case
            when priced.closed_by = 'exit' and not priced.is_open and priced.exit_price is not null
                then priced.quantity * priced.split_factor * priced.contract_multiplier * priced.exit_price
            else priced.quantity * priced.split_factor * priced.contract_multiplier * priced.price
        end as numeric(38, 2)) as end_value,
        -- per share held before the ex-date and not sold before it; shares bought on the ex-date get none
        cast(case
            when
                priced.investment_class = 'PUBLIC'
                and priced.since_date < dividends.ex_date
                -- what an opening balance was paid before is in its cash
                and not (priced.is_first_day and priced.is_opening)
                and (priced.exit_date >= dividends.ex_date or priced.exit_date is null)
                then coalesce(
                    priced.quantity * priced.split_factor / coalesce(splits.split_ratio, 1) * dividends.dividend, 0
                )
            else 0
        end as numeric(38, 2)) as dividends,
        -- as if held to the close, in the shares of the session
        cast(
            priced.quantity * priced.closing_split_factor * priced.contract_multiplier * priced.price as numeric(38, 2)
        )
            as value_if_held,
        cast(case
            when priced.investment_class = 'PUBLIC' and priced.since_date < dividends.ex_date
                then coalesce(
                    priced.quantity
                    * priced.closing_split_factor
                    / coalesce(splits.split_ratio, 1)
                    * dividends.dividend,
                    0
                )
            else 0
        end as numeric(38, 2)) as dividends_if_held,
        case priced.investment_class
            when 'OPTIONS' then priced.contract
            when 'PUBLIC' then priced.symbol
        end as instrument_id,
        sectors.sector,
        priced.investment_class = 'OPTIONS' and priced.is_open and priced.delta is null as is_without_delta
    from priced
    left join dividends
        on priced.symbol = dividends.symbol and priced.as_of_date = dividends.ex_session
    left join splits
        on priced.symbol = splits.symbol and priced.as_of_date = splits.ex_session
    left join sectors
        on
            priced.pricing_symbol = sectors.symbol
            and priced.as_of_date >= sectors.valid_from
            and priced.as_of_date < sectors.valid_before
),

-- parts of a lot share what they receive to the cent
received as (
    select
        parents.position_id,
        parents.first_session,
        cast(
            round(spun_off.end_value * (parents.new_before + parents.new_quantity) / parents.lot_quantity, 2)
            - round(spun_off.end_value * parents.new_before / parents.lot_quantity, 2) as numeric(38, 2)
        ) as received_value,
        parents.new_cost as received_cost
    from parents
    inner join (
        select
            spun_off_lot,
            sum(end_value) as end_value
        from valued
        where is_first_day and spun_off_lot is not null
        group by spun_off_lot
    ) as spun_off
        on parents.lot_id = spun_off.spun_off_lot
),

linked as (
    select
        valued.*,
        coalesce(received.received_value, 0) as spun_off_value,
        case
            when valued.is_first_day and valued.is_opening then valued.end_value
            when valued.is_first_day then valued.entry_cost
            else coalesce(lag(valued.market_value) over by_date, day_before.market_value)
        end as previous_market_value,
        coalesce(day_before.unrealized_at_opening, 0)
        + sum(
            case when valued.is_first_day and valued.is_opening then valued.end_value - valued.cost_basis else 0 end
            + coalesce(received.received_cost - received.received_value, 0)
        ) over by_date as unrealized_at_opening,
        coalesce(day_before.cumulative_pnl, 0) as pnl_before_window,
        coalesce(day_before.cumulative_dividends, 0) as dividends_before_window,
        coalesce(day_before.cumulative_realized_pnl, 0) as realized_before_window,
        valued.merger_gain + case when valued.is_open then 0 else valued.end_value - valued.cost_basis end
            as realized
    from valued
    left join day_before on valued.position_id = day_before.position_id
    left join received on valued.position_id = received.position_id and valued.as_of_date = received.first_session
    window by_date as (partition by valued.position_id order by valued.as_of_date)
),

final as (
    select
        position_id,
        as_of_date,
        portfolio_id,
        symbol,
        pricing_symbol,
        sector,
        investment_class,
        position_type,
        is_cash_equivalent,
        is_open,
        quantity_now as quantity,
        -- a price that was loaded keeps its digits, one of a model has six decimals
        case
            when closed_by = 'exit' and not is_open and exit_price is not null then exit_price
            when price_flag in ('model_price', 'intrinsic_value', 'adjusted_deliverable')
                then trim_scale(round(price, 6))
            else price
        end as price,
        price_date,
        price_flag,
        price_source,
        market_value,
        instrument_id,
        -- an option counts as delta x the market value of its underlying shares
        cast(case
            when is_without_delta then null
            when investment_class = 'OPTIONS' and is_open
                then delta * cast(quantity_now * contract_multiplier * close_price as double precision)
            else market_value
        end as numeric(38, 2)) as delta_adjusted_exposure,
        case
            when is_without_delta and is_adjusted then 'adjusted_deliverable'
            when is_without_delta then coalesce(greeks_null_reason, 'no_underlying_price')
        end as delta_adjusted_null_reason,
        cost_basis,
        cast(previous_market_value as numeric(38, 2)) as previous_market_value,
        cast(case when is_open then market_value - cost_basis else 0 end as numeric(38, 2)) as unrealized_pnl,
        cast(realized as numeric(38, 2)) as realized_pnl,
        dividends,
        cast(end_value - previous_market_value + dividends + merger_cash + spun_off_value as numeric(38, 2))
            as daily_pnl,
        cast(case
            when is_first_day then 0
            else value_if_held - previous_market_value + dividends_if_held + merger_cash + spun_off_value
        end as numeric(38, 2)) as hypothetical_pnl,
        cast(
            pnl_before_window
            + sum(end_value - previous_market_value + dividends + merger_cash + spun_off_value) over running
            as numeric(38, 2)
        ) as cumulative_pnl,
        cast(dividends_before_window + sum(dividends) over running as numeric(38, 2)) as cumulative_dividends,
        cast(realized_before_window + sum(realized) over running as numeric(38, 2)) as cumulative_realized_pnl,
        cast(unrealized_at_opening as numeric(38, 2)) as unrealized_at_opening,
        cast(spun_off_value as numeric(38, 2)) as spun_off_value
    from linked
    window running as (partition by position_id order by as_of_date)
)

select * from final
