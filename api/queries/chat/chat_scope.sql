-- The session for a date (null: the last published one) and the portfolios that the user may see, with what holds for
-- all their figures on it, or on the last session of a withheld one. One row per portfolio, or one row without any.
-- session_date is null before the first one.
-- with requested_session
with began as (
    select
        portfolio_id,
        min(as_of_date) as first_session
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from dim_portfolios))
    group by portfolio_id
)

select
    published.first_date::text as first_date,
    requested_session.as_of_date::text as session_date,
    portfolios.portfolio_id::text as portfolio_id,
    portfolios.portfolio_name,
    began.first_session::text as first_session,
    snapshots.has_simulated_prices,
    snapshots.private_count,
    snapshots.public_price_coverage,
    quarantine.last_published_date::text as last_published_date,
    quarantine.withheld_since::text as withheld_since,
    quarantine.reason as withheld_reason,
    risk.quality_flag,
    risk.quality_message
from published
cross join requested_session
left join dim_portfolios as portfolios on true
left join fct_quarantine as quarantine on portfolios.portfolio_id = quarantine.portfolio_id
left join began on portfolios.portfolio_id = began.portfolio_id
left join fct_portfolio_snapshots as snapshots
    on
        portfolios.portfolio_id = snapshots.portfolio_id
        and snapshots.as_of_date = least(requested_session.as_of_date, quarantine.last_published_date)
left join fct_portfolio_risk as risk
    on
        portfolios.portfolio_id = risk.portfolio_id
        and risk.as_of_date = least(requested_session.as_of_date, quarantine.last_published_date)
order by portfolios.portfolio_name
