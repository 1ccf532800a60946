-- Under the symbols that the companies have now; renames are part of those.
with names as (
    {{ symbol_names() }}
),

newest as (
    {{ newest_known(source('raw', 'corporate_actions'), ['symbol', 'ex_date', 'action']) }}
),

used as (
    select
        newest.*,
        {{ current_symbol('newest.symbol', 'newest.ex_date') }} as current_symbol,
        {{ current_symbol('newest.new_symbol', 'newest.ex_date') }} as current_new_symbol
    from newest
    where
        newest.value is not null
        and newest.action <> 'rename'
        -- simulated dividends are ignored once real prices are loaded
        and (newest.source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }})))
),

final as (
    -- two names of a company may tell of the same action
    select distinct on (current_symbol, ex_date, action)
        current_symbol as symbol,
        ex_date,
        action,
        value,
        source,
        current_new_symbol as new_symbol,
        new_symbol as listed_new_symbol,
        cash,
        cost_share
    from used
    order by current_symbol asc, ex_date asc, action asc, load_id desc
)

select * from final
