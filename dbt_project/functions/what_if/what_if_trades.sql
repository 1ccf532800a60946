-- The trades of one what-if, one row per symbol: how much changes hands, at which price, or why it cannot.
with listed as (
    select
        place,
        upper(trim(trade ->> 'symbol')) as symbol,
        cast(trade ->> 'quantity' as numeric) as quantity,
        cast(trade ->> 'target_weight' as numeric) as target_weight,
        coalesce(cast(trade ->> 'close' as boolean), false) as is_close
    from jsonb_array_elements(trades) with ordinality as listed (trade, place)
    where {{ accepted('cash', 'what_if_trades.cash', ['absorb', 'fixed']) }}
),

asked as (
    select
        symbol,
        min(place) as place,
        sum(quantity) as quantity,
        max(target_weight) as target_weight,
        bool_or(is_close) as is_close,
        -- several quantities add up; a weight or a close says all about its symbol
        count(*) > 1 and count(quantity) < count(*) as is_sized_twice
    from listed
    group by symbol
),

-- the views filter by them as well, but after they have found the rows: the time would tell what others hold
sought as materialized (
    select symbol
    from asked
    where
        (select access.sees_every_portfolio())
        or symbol in (select readable.symbol from access.readable_symbols() as readable (symbol))
),

snapshot as (
    select equity
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = what_if_trades.portfolio_id and as_of_date = what_if_trades.as_of_date
),

held as (
    select
        symbol,
        sum(quantity) as quantity,
        sum(market_value) as market_value,
        (array_agg(price order by abs(quantity) desc, position_id))[1] as price,
        min(investment_class) as investment_class
    from {{ mart('fct_position_values') }}
    where
        portfolio_id = what_if_trades.portfolio_id
        and as_of_date = what_if_trades.as_of_date
        and is_open
        and symbol = any(array(select asked.symbol from asked))
    group by symbol
),

closes as (
    select
        symbol,
        close
    from {{ mart('fct_prices') }}
    where
        as_of_date = what_if_trades.as_of_date
        and symbol = any(array(select sought.symbol from sought))
),

known as (
    select
        symbol,
        security_type,
        last_price_date
    from {{ mart('dim_symbols') }}
    where symbol = any(array(select sought.symbol from sought))
),

priced as (
    select
        asked.*,
        snapshot.equity,
        coalesce(held.quantity, 0) as quantity_before,
        coalesce(held.market_value, 0) as value_before,
        held.investment_class,
        known.last_price_date,
        coalesce(held.price, closes.close) as price,
        case when held.investment_class = 'OPTIONS' then 100 else 1 end as multiplier,
        case
            when asked.is_sized_twice then 'sized_twice'
            when coalesce(asked.quantity, asked.target_weight) is null and not asked.is_close then 'not_sized'
            when held.investment_class = 'PRIVATE' then 'private'
            when held.symbol is not null then null
            when asked.is_close then 'not_held'
            when asked.symbol ~ '^[A-Z0-9.]{1,6}[0-9]{6}[CP][0-9]{8}$' then 'contract_not_held'
            when known.symbol is null then 'unknown_symbol'
            when known.security_type in ('PRIVATE', 'OPTION', 'INDEX') or asked.symbol = '{{ var("volatility_index") }}'
                then 'not_tradable'
            when closes.close is null then 'no_price'
        end as problem
    from asked
    cross join snapshot
    left join held on asked.symbol = held.symbol
    left join closes on asked.symbol = closes.symbol
    left join known on asked.symbol = known.symbol
),

-- with fixed cash, equity is what the trades make it: the weights are of that
totals as (
    select
        sum(target_weight) as weights,
        sum(case when is_close then -value_before else quantity * multiplier * price end)
            filter (where target_weight is null) as value_by_quantity,
        sum(value_before) filter (where target_weight is not null) as value_weighed
    from priced
    where problem is null
),

based as (
    select
        priced.*,
        case
            when cash = 'absorb' then priced.equity
            when totals.weights < 1
                then (priced.equity + coalesce(totals.value_by_quantity, 0) - totals.value_weighed)
                / (1 - totals.weights)
        end as base
    from priced
    cross join totals
),

sized as (
    select
        *,
        case
            when problem is not null or target_weight is null then problem
            when base is null then 'weights_reach_one'
            when base <= 0 then 'equity_not_positive'
            when price = 0 then 'no_price'
        end as reason,
        case
            when is_close then -quantity_before
            when target_weight is null then quantity
            else target_weight * base / nullif(multiplier * price, 0) - quantity_before
        end as change
    from based
)

select
    place,
    symbol,
    quantity_before,
    case when reason is null then cast(change as numeric(38, 6)) end as quantity,
    price,
    case when reason is null then cast(cast(change as numeric(38, 6)) * multiplier * price as numeric(38, 2)) end
        as market_value,
    is_close,
    reason as null_reason,
    'Trade ' || place || ' (' || symbol || '): ' || case reason
        when 'sized_twice'
            then 'it is not the only trade of its symbol; give one target_weight or close, or quantities, which add up.'
        when 'not_sized'
            then 'it has no size; give quantity, target_weight or close.'
        when 'private'
            then 'it is a private holding, which has no price to trade at; leave it out.'
        when 'not_held'
            then 'there is nothing to close, the portfolio does not hold it on ' || what_if_trades.as_of_date
                || '; leave it out, or give a quantity.'
        when 'contract_not_held'
            then 'it is an option that the portfolio does not hold on ' || what_if_trades.as_of_date
                || ', so its volatility is not known; trade a contract that it holds, or the underlying.'
        when 'unknown_symbol'
            then 'no symbol of that name is known to you; check the spelling. Known are the symbols of your portfolios'
                || ' and benchmarks, and the funds of factors and sectors.'
        when 'not_tradable'
            then 'it is not traded itself; use a fund on it.'
        when 'no_price'
            then 'it has no price on ' || what_if_trades.as_of_date
                || coalesce(', the last one is of ' || last_price_date, '') || '; choose another as_of_date.'
        when 'equity_not_positive'
            then 'a target weight needs equity, which is ' || round(base, 2) || ' USD; give a quantity.'
        when 'weights_reach_one'
            then 'with fixed cash the target weights must add up to less than 1; lower them, or let cash absorb the trades.'
    end as message
from sized
