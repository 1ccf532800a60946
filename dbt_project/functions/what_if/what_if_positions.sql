-- The open positions before and after the trades. A trade first reduces lots of the other sign, the oldest first, as a
-- later statement would; what is left of it is a new lot at the same price.
with trades_made as (
    select * from {{ udf('what_if_trades') }}(
        what_if_positions.portfolio_id, what_if_positions.as_of_date, trades, cash
    )
    where null_reason is null
),

held as materialized (
    select * from {{ mart('fct_position_values') }}
    where
        portfolio_id = what_if_positions.portfolio_id
        and as_of_date = what_if_positions.as_of_date
        and is_open
),

-- by arrays, so that versions of what is neither held nor traded are not read
details as materialized (
    select * from {{ mart('dim_positions') }}
    where position_id = any(array(select held.position_id from held))
),

types as materialized (
    select * from {{ mart('dim_symbols') }}
    where symbol = any(array(select trades_made.symbol from trades_made))
),

lots as (
    select
        held.position_id,
        held.symbol,
        coalesce(held.underlying_symbol, held.symbol) as pricing_symbol,
        held.investment_class,
        held.instrument_id,
        details.is_cash_equivalent,
        details.entry_date,
        held.quantity,
        held.price,
        held.market_value,
        held.delta_adjusted_exposure
    from held
    inner join details on held.position_id = details.position_id
),

ordered as (
    select
        lots.*,
        trades_made.quantity as change,
        coalesce(trades_made.is_close, false) as is_close,
        coalesce(trades_made.quantity * lots.quantity < 0, false) as is_reduced,
        coalesce(sum(abs(lots.quantity)) filter (where trades_made.quantity * lots.quantity < 0) over earlier, 0)
            as reduced_before
    from lots
    left join trades_made on lots.symbol = trades_made.symbol
    window earlier as (
        partition by lots.symbol order by lots.entry_date, lots.position_id
        rows between unbounded preceding and 1 preceding
    )
),

kept as (
    select
        *,
        case
            when is_close then 0
            when not is_reduced then quantity
            else sign(quantity) * (
                abs(quantity) - greatest(0, least(abs(quantity), abs(change) - reduced_before))
            )
        end as quantity_after
    from ordered
),

-- what the lots of the other sign do not take; an option's units are those of the largest lot held
bought as (
    select
        trades_made.symbol,
        trades_made.price,
        known.position_id,
        coalesce(known.pricing_symbol, trades_made.symbol) as pricing_symbol,
        coalesce(known.investment_class, 'PUBLIC') as investment_class,
        coalesce(known.instrument_id, trades_made.symbol) as instrument_id,
        coalesce(known.is_cash_equivalent, types.security_type = 'CASH', false) as is_cash_equivalent,
        known.delta_adjusted_exposure / nullif(known.quantity, 0) as delta_adjusted_unit,
        sign(trades_made.quantity) * (abs(trades_made.quantity) - coalesce(reduced.quantity, 0)) as quantity
    from trades_made
    left join lateral (
        select sum(abs(kept.quantity)) as quantity
        from kept
        where kept.symbol = trades_made.symbol and kept.is_reduced
    ) as reduced on true
    left join lateral (
        select lots.*
        from lots
        where lots.symbol = trades_made.symbol
        order by abs(lots.quantity) desc, lots.position_id asc
        limit 1
    ) as known on true
    left join types on trades_made.symbol = types.symbol
    where not trades_made.is_close and abs(trades_made.quantity) > coalesce(reduced.quantity, 0)
),

valued as (
    select
        *,
        cast(quantity * case investment_class when 'OPTIONS' then 100 else 1 end * price as numeric(38, 2)) as value_now
    from bought
)

select
    'before' as side,
    position_id,
    symbol,
    pricing_symbol,
    investment_class,
    instrument_id,
    is_cash_equivalent,
    quantity,
    market_value,
    delta_adjusted_exposure,
    false as is_bought
from lots
union all
select
    'after' as side,
    position_id,
    symbol,
    pricing_symbol,
    investment_class,
    instrument_id,
    is_cash_equivalent,
    quantity_after as quantity,
    case
        when quantity_after = quantity then market_value
        else cast(
            quantity_after * case investment_class when 'OPTIONS' then 100 else 1 end * price as numeric(38, 2)
        )
    end as market_value,
    case
        when quantity_after = quantity then delta_adjusted_exposure
        when investment_class = 'OPTIONS'
            then cast(delta_adjusted_exposure * quantity_after / quantity as numeric(38, 2))
        else cast(quantity_after * price as numeric(38, 2))
    end as delta_adjusted_exposure,
    false as is_bought
from kept
where quantity_after <> 0
union all
select
    'after' as side,
    position_id,
    symbol,
    pricing_symbol,
    investment_class,
    instrument_id,
    is_cash_equivalent,
    quantity,
    value_now as market_value,
    case
        when investment_class = 'OPTIONS' then cast(quantity * delta_adjusted_unit as numeric(38, 2))
        else value_now
    end as delta_adjusted_exposure,
    true as is_bought
from valued
