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
inner join newest on greeks.as_of_date = newest.as_of_date
where
    (
        abs(greeks.mibian_price - greeks.model_price)
        <= {{ var('greeks_tolerance') }} * greatest(greeks.model_price, 1e-2 * greeks.underlying_price)
        and abs(greeks.mibian_delta - greeks.delta)
        <= {{ var('greeks_tolerance') }} * greatest(abs(greeks.delta), 1e-3)
    ) is not true
