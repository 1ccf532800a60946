-- Risk against the benchmark: ex post from the returns of both, ex ante from what is held at the close.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.benchmark_symbol,
    facts.tracking_error_ex_ante,
    facts.tracking_error_factors,
    facts.tracking_error_specific,
    facts.beta_ex_ante,
    facts.ex_ante_null_reason,
    facts.benchmark_volatility,
    facts.coverage,
    facts.coverage_of_equity,
    facts.tracking_error_ex_post,
    facts.active_return,
    facts.ex_post_null_reason,
    facts.information_ratio,
    facts.information_ratio_null_reason,
    facts.beta,
    facts.beta_null_reason,
    facts.up_capture,
    facts.up_capture_null_reason,
    facts.down_capture,
    facts.down_capture_null_reason,
    facts.sessions
from fct_benchmark_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
