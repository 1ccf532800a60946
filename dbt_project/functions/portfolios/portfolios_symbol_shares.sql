with symbols as (
    select
        bucket as symbol,
        sum(gross_exposure) as gross_exposure,
        sum(net_exposure) as net_exposure
    from {{ mart('fct_exposures_by_group') }}
    where
        portfolio_id = any(portfolio_ids)
        and as_of_date = portfolios_symbol_shares.as_of_date
        and dimension = 'symbol'
    group by bucket
)

select
    symbol,
    gross_exposure,
    net_exposure,
    gross_exposure / nullif(sum(gross_exposure) over (), 0) as share_of_gross,
    row_number() over (order by gross_exposure desc, symbol asc) as size_rank
from symbols
