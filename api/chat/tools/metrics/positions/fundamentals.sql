-- Figures of the newest company profile up to the session, as the data vendor reports them, not computed here.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.profile_date,
    facts.pe_ratio,
    facts.forward_pe,
    facts.provider_beta,
    facts.week_52_high,
    facts.week_52_low,
    facts.target_mean_price,
    facts.recommendation_key,
    facts.revenue_growth,
    facts.profit_margins,
    facts.return_on_equity,
    facts.next_earnings_date
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join dim_company_profiles as facts on held.symbol = facts.symbol
where
    facts.symbol = any(array(select symbol from held))
    and facts.profile_date <= %(as_of_date)s::date
    and (facts.valid_before is null or facts.valid_before > %(as_of_date)s::date)
order by portfolios.portfolio_name, held.symbol
