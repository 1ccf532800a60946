-- Risk against the benchmark, with the quality of the risk model's figures. No row: nothing of the session.
-- with portfolio_risk
select
    facts.*,
    risk.quality_flag,
    risk.quality_message,
    risk.positions_analyzed,
    risk.positions_total,
    risk.positions_skipped,
    risk.data_days
from fct_benchmark_risk as facts
left join risk on true
where facts.portfolio_id = %(portfolio_id)s::uuid and facts.as_of_date = %(as_of_date)s::date
