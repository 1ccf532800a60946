-- Independent check: every live option of the newest date that has the European price is also priced by the library
-- mibian.
with greeks as (
    select * from {{ ref('int_option_greeks') }}
    where null_reason is null and {{ has_european_price() }}
),

newest as (
    select max(as_of_date) as as_of_date from {{ ref('int_option_inputs') }}
    where not is_settlement
)

{{ with_holders('greeks') }}
where
    as_of_date = (select newest.as_of_date from newest)
    and (
        abs(mibian_price - model_price)
        <= {{ var('greeks_tolerance') }} * greatest(model_price, 1e-2 * underlying_price)
        and abs(mibian_delta - delta)
        <= {{ var('greeks_tolerance') }} * greatest(abs(delta), 1e-3)
    ) is not true
