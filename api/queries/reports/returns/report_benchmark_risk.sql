-- Risk against the benchmark, with the quality of the risk model's figures; cash alone, which the model does not
-- measure, counts as measured here. No row: nothing of the session.
-- with portfolio_risk
with held as (
    select
        facts.*,
        facts.tracking_error_ex_ante is not null
        and coalesce(risk.quality_flag = 'no_public_positions', false) as is_cash_alone
    from fct_benchmark_risk as facts
    left join risk on true
    where facts.portfolio_id = %(portfolio_id)s::uuid and facts.as_of_date = %(as_of_date)s::date
)

select
    held.*,
    risk.quality_flag,
    case
        when held.is_cash_alone
            then
                'Only cash is held: it counts as measured, with a beta of 0,'
                || ' and its tracking error is the volatility of the benchmark.'
        else quality.quality_message
    end as quality_message,
    case when held.is_cash_alone then risk.positions_total else risk.positions_analyzed end as positions_analyzed,
    risk.positions_total,
    case when held.is_cash_alone then 0 else risk.positions_skipped end as positions_skipped,
    risk.data_days
from held
left join risk on true
left join quality on true
