-- GET /analytics/portfolio/{id}/benchmark-risk: risk against the benchmark, ex post and ex ante, and what contributes
-- to the tracking error ex ante; the largest first, those without figures last. No row: the portfolio is not this
-- user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with benchmark_risk as (
    select
        *,
        num_nonnulls(tracking_error_ex_post, tracking_error_ex_ante) > 0 as is_known
    from fct_benchmark_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

factors as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'factor', parts.part,
                    'portfolio_beta', round(parts.portfolio_exposure::numeric, 6),
                    'benchmark_beta', round(parts.benchmark_exposure::numeric, 6),
                    'active_beta', round(parts.active_exposure::numeric, 6),
                    'unit', definitions.unit,
                    'marginal', round(parts.marginal::numeric, 6),
                    'contribution', round(parts.contribution::numeric, 6),
                    'share', round(parts.share::numeric, 6)
                )
                order by abs(parts.contribution) desc nulls last, parts.part
            ),
            '[]'::json
        ) as body
    from udf.portfolio_active_risk(%(portfolio_id)s::uuid, %(as_of_date)s::date, 'factor') as parts
    left join dim_factors as definitions
        on parts.part = definitions.factor and definitions.model = 'risk'
),

contributions as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', parts.position_id,
                    'name', coalesce(
                        case when parts.position_id is not null then parts.symbol end, parts.part
                    ),
                    'portfolio_exposure', round(parts.portfolio_exposure::numeric, 6),
                    'benchmark_exposure', round(parts.benchmark_exposure::numeric, 6),
                    'active_exposure', round(parts.active_exposure::numeric, 6),
                    'marginal', round(parts.marginal::numeric, 6),
                    'contribution', round(parts.contribution::numeric, 6),
                    'share', round(parts.share::numeric, 6),
                    'null_reason', parts.null_reason,
                    'position_count', parts.position_count,
                    'measured_count', parts.measured_count
                )
                order by abs(parts.contribution) desc nulls last, coalesce(parts.symbol, parts.part), parts.part
            ),
            '[]'::json
        ) as body
    from udf.portfolio_active_risk(%(portfolio_id)s::uuid, %(as_of_date)s::date, %(part_of)s::text) as parts
),

-- cash alone is measured here, with a beta of 0; the quality is of the risk model, which has nothing to measure
cash_alone as (
    select
        jsonb_build_object(
            'message', concat_ws(
                ' ',
                'Only cash is held: it counts as measured, with a beta of 0,'
                || ' and its tracking error is the volatility of the benchmark.',
                snapshot.price_notice
            ),
            'positions_analyzed', snapshot.position_count,
            'positions_skipped', 0,
            'coverage_of_equity', 1
        ) as quality
    from benchmark_risk
    cross join snapshot
    inner join risk on true
    where benchmark_risk.tracking_error_ex_ante is not null and risk.quality_flag = 'no_public_positions'
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', coalesce(benchmark_risk.is_known, false),
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when benchmark_risk.is_known then snapshot.as_of_date end,
            'benchmark', benchmark_risk.benchmark_symbol,
            'beta', round(benchmark_risk.beta::numeric, 6),
            'beta_null_reason', benchmark_risk.beta_null_reason,
            'up_capture', round(benchmark_risk.up_capture::numeric, 6),
            'up_capture_null_reason', benchmark_risk.up_capture_null_reason,
            'down_capture', round(benchmark_risk.down_capture::numeric, 6),
            'down_capture_null_reason', benchmark_risk.down_capture_null_reason,
            'tracking_error_ex_post', round(benchmark_risk.tracking_error_ex_post::numeric, 6),
            'active_return', round(benchmark_risk.active_return::numeric, 6),
            'ex_post_null_reason', benchmark_risk.ex_post_null_reason,
            'information_ratio', round(benchmark_risk.information_ratio::numeric, 6),
            'information_ratio_null_reason', benchmark_risk.information_ratio_null_reason,
            'sessions', benchmark_risk.sessions,
            'session_coverage', round(benchmark_risk.session_coverage::numeric, 6),
            'up_sessions', benchmark_risk.up_sessions,
            'down_sessions', benchmark_risk.down_sessions,
            'tracking_error_ex_ante', round(benchmark_risk.tracking_error_ex_ante::numeric, 6),
            'tracking_error_factors', round(benchmark_risk.tracking_error_factors::numeric, 6),
            'tracking_error_specific', round(benchmark_risk.tracking_error_specific::numeric, 6),
            'beta_ex_ante', round(benchmark_risk.beta_ex_ante::numeric, 6),
            'ex_ante_null_reason', benchmark_risk.ex_ante_null_reason,
            'benchmark_volatility', round(benchmark_risk.benchmark_volatility::numeric, 6),
            'benchmark_specific_volatility', round(benchmark_risk.benchmark_specific_volatility::numeric, 6),
            'active_factors', factors.body,
            'contributions', contributions.body,
            'metadata', json_build_object(
                'model', 'risk',
                'by', %(part_of)s::text,
                'coverage', round(benchmark_risk.coverage::numeric, 6),
                'coverage_of_equity', round(benchmark_risk.coverage_of_equity::numeric, 6),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', case
                when cash_alone.quality is null then data_quality.body
                else (data_quality.body::jsonb || cash_alone.quality)::json
            end
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
left join cash_alone on true
cross join factors
cross join contributions
left join benchmark_risk on true
