with newest as (
    {{ newest_known(source('raw', 'positions'), ['position_id']) }}
),

final as (
    select
        position_id,
        portfolio_id,
        symbol,
        underlying_symbol,
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
        coalesce(is_entry_assumed, false) as is_entry_assumed
    from newest
    -- a withdrawn lot exits on the day and at the price of its entry
    where exit_date is distinct from entry_date or exit_price is distinct from entry_price
)

select * from final
