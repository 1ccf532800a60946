-- A simulated profile adds a market capitalization, a dividend yield and a beta to what other sources say of the
-- company; it hides none of it.
with names as (
    {{ symbol_names() }}
),

source as (
    select * from {{ source('raw', 'company_profiles') }}
    where loaded_at <= {{ known_at() }}
),

named as (
    select
        source.*,
        {{ current_symbol('source.symbol', 'source.profile_date') }} as current_symbol
    from source
),

newest as (
    select distinct on (current_symbol, profile_date) *
    from named
    order by current_symbol asc, profile_date asc, source = 'simulated' asc, load_id desc
),

used as (
    select
        *,
        coalesce(
            max(profile_date) filter (where source <> 'simulated') over (
                partition by current_symbol order by profile_date
            ),
            profile_date
        ) as stated_on
    from newest
    -- simulated figures are ignored once real prices are loaded
    where source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }}))
),

final as (
    select
        used.current_symbol as symbol,
        used.profile_date,
        used.source,
        stated.name,
        stated.security_type,
        stated.sector,
        stated.industry,
        stated.exchange,
        stated.country,
        stated.currency,
        coalesce(stated.market_cap, used.market_cap) as market_cap,
        coalesce(stated.dividend_yield, used.dividend_yield) as dividend_yield,
        used.details || stated.details as details,
        used.loaded_at
    from used
    inner join newest as stated on used.current_symbol = stated.current_symbol and used.stated_on = stated.profile_date
)

select * from final
