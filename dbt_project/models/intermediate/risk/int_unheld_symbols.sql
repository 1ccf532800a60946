-- Symbols with betas that are no open position on a date for which the market is built, so that a what-if can buy them.
-- Money-market funds that are held are positions too: they have no outcomes.
with betas as (
    select * from {{ ref('int_risk_betas') }}
    where factor = 'Market'
),

engine_start as (
    select * from {{ ref('int_engine_start') }}
),

held as (
    select distinct
        as_of_date,
        instrument_id
    from {{ ref('int_position_values') }}
    where is_open and instrument_id is not null and {{ is_being_built() }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
),

final as (
    select
        betas.as_of_date,
        betas.symbol,
        profiles.sector
    from betas
    inner join engine_start on betas.as_of_date >= engine_start.market_date
    left join held on betas.symbol = held.instrument_id and betas.as_of_date = held.as_of_date
    left join profiles
        on
            betas.symbol = profiles.symbol
            and betas.as_of_date >= profiles.valid_from
            and betas.as_of_date < profiles.valid_before
    where held.instrument_id is null
)

select * from final
