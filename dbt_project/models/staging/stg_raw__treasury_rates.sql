with newest as (
    {{ newest_known(source('raw', 'treasury_rates'), ['series', 'rate_date']) }}
),

-- The tenor is part of the FRED series name: DGS3MO is three months, DGS10 ten years.
final as (
    select
        series,
        rate_date,
        source,
        cast(rate_pct / 100 as double precision) as rate,
        cast(substring(series from '^DGS([0-9]+)') as double precision)
        / case when series like '%MO' then 12 else 1 end as tenor_years
    from newest
    where
        series ~ '^DGS[0-9]+(MO)?$'
        -- simulated rates are used only with simulated prices
        and (source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }})))
)

select * from final
