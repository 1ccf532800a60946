-- An American option is worth at least the European one and exercise now, at most the underlying (call) or its strike
-- (put); the premium over the European price is at most the interest or the dividends until expiration.
with greeks as (
    select
        *,
        case option_type
            when 'CALL' then underlying_price - strike_price
            else strike_price - underlying_price
        end as exercised,
        -- with a negative rate, what is received later is worth more
        case option_type
            when 'CALL' then underlying_price * exp(greatest(-dividend_yield * years_to_expiration, 0))
            else strike_price * exp(greatest(-risk_free_rate * years_to_expiration, 0))
        end as most,
        case option_type
            when 'CALL' then underlying_price * (1 - exp(greatest(-dividend_yield * years_to_expiration, -700)))
            else strike_price * (1 - exp(-risk_free_rate * years_to_expiration))
        end as earned
    from {{ ref('int_option_greeks') }}
    where null_reason is null and not {{ has_european_price() }}
),

compared as (
    select
        *,
        {{ option_value('bs_price') }} as european
    from greeks
)

{{ with_holders('compared') }}
where
    (
        model_price >= greatest(european, exercised, 0) - 1e-9 * most
        and model_price <= most
        -- below 0 both rates change their sides
        -- terms so extreme that the European price is beyond a double have no premium to compare
        and (
            european is null
            or model_price - european <= earned + 2e-5 * most
            or least(risk_free_rate, dividend_yield) < 0
        )
    ) is not true
