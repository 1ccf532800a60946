with sectors as (
    select
        bucket as sector,
        sum(gross_exposure) as gross_exposure,
        sum(net_exposure) as net_exposure,
        sum(position_count) as position_count
    from {{ mart('fct_exposures_by_group') }}
    where
        portfolio_id = any(portfolio_ids)
        and as_of_date = portfolios_sector_shares.as_of_date
        and dimension = 'sector'
    group by bucket
)

select
    sector,
    gross_exposure,
    net_exposure,
    gross_exposure / nullif(sum(gross_exposure) over (), 0) as share_of_gross,
    position_count
from sectors
