-- Contributions and withdrawals up to the session, the newest first.
select
    portfolios.portfolio_name,
    flows.flow_date,
    flows.amount,
    flows.notes
from fct_capital_flows as flows
inner join dim_portfolios as portfolios on flows.portfolio_id = portfolios.portfolio_id
where
    flows.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and flows.flow_date <= %(as_of_date)s::date
order by portfolios.portfolio_name, flows.flow_date desc, flows.amount desc
