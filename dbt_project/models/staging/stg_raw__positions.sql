-- Under the symbols that the companies have now: the lots of a renamed one are not another's.
with names as (
    {{ symbol_names() }}
),

newest as (
    {{ newest_known(source('raw', 'positions'), ['position_id']) }}
),

-- the first statement that lists a lot: whether its cost is from before a spin-off
first_listed as (
    select
        portfolio_id,
        symbol,
        entry_date,
        entry_price,
        min(statement_date) as first_stated
    from {{ source('raw', 'positions') }}
    where loaded_at <= {{ known_at() }}
    group by portfolio_id, symbol, entry_date, entry_price
),

named as (
    select
        newest.*,
        first_listed.first_stated,
        {{ current_symbol('newest.symbol', 'newest.entry_date') }} as current_symbol,
        {{ current_symbol('newest.underlying_symbol', 'newest.entry_date') }} as current_underlying
    from newest
    left join first_listed
        on
            newest.portfolio_id = first_listed.portfolio_id
            and newest.symbol = first_listed.symbol
            and newest.entry_date = first_listed.entry_date
            and newest.entry_price = first_listed.entry_price
    -- a withdrawn lot exits on the day and at the price of its entry
    where
        newest.exit_date is distinct from newest.entry_date
        or newest.exit_price is distinct from newest.entry_price
),

final as (
    select
        position_id,
        portfolio_id,
        case
            when investment_class = 'PUBLIC' then current_symbol
            when investment_class = 'OPTIONS'
                then {{ current_contract('symbol', 'underlying_symbol', 'current_underlying') }}
            else symbol
        end as symbol,
        current_underlying as underlying_symbol,
        investment_class,
        investment_subtype,
        option_type,
        strike_price,
        expiration_date,
        quantity,
        entry_date,
        entry_price,
        exit_date,
        exit_price,
        notes,
        tags as own_tags,
        coalesce(is_entry_assumed, false) as is_entry_assumed,
        spun_off_on,
        symbol as listed_symbol,
        first_stated
    from named
)

select * from final
