-- What share of the portfolio is measured, and what is not.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    risk.quality_flag,
    risk.quality_message,
    risk.coverage_of_equity,
    risk.coverage,
    array_to_string(risk.positions_not_measured, ', ') as positions_not_measured,
    risk.positions_analyzed,
    facts.position_count as positions_total,
    risk.positions_skipped,
    risk.data_days,
    facts.public_price_coverage,
    facts.private_count,
    facts.has_simulated_prices
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
left join fct_portfolio_risk as risk
    on
        facts.portfolio_id = risk.portfolio_id
        and facts.as_of_date = risk.as_of_date
        and risk.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and risk.as_of_date = %(as_of_date)s::date
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
