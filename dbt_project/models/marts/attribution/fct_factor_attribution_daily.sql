{{ config(
    materialized='mart',
    packed=true,
    grain=['portfolio_id', 'as_of_date', 'factor'],
    not_restated=['beta', 'factor_return'],
) }}

-- Exposures of the close before times the moves of the factors; Specific is the rest of what the market paid, with what
-- was traded on the session, Private what revaluations did.
with calendar as (
    select * from {{ ref('int_calendar') }}
),

factors as (
    select * from {{ ref('factors') }}
    where model = 'risk'
),

moves as materialized (
    select * from {{ ref('int_factor_moves') }}
),

exposures as (
    select visible.*
    from ({{ portfolio_rows(
        ref('fct_portfolio_factor_exposures'),
        since='(select min(windows.session_before) from ' ~ ref('int_portfolio_windows') ~ ' as windows)'
    ) }}) as visible
    where visible.model = 'risk'
),

days as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        calendar.previous_trading_day,
        cast(snapshots.equity - snapshots.daily_pnl as double precision) as base,
        cast(snapshots.public_daily_pnl as double precision) as public_pnl,
        cast(snapshots.daily_pnl - snapshots.public_daily_pnl as double precision) as private_pnl
    from {{ ref('fct_portfolio_snapshots') }} as snapshots
    inner join calendar on snapshots.as_of_date = calendar.as_of_date
    where {{ is_being_built('snapshots') }}
),

-- without public positions at the close before there was no exposure: coverage is null, and nothing is unknown
exposed as (
    select
        days.*,
        factors.factor,
        exposures.coverage,
        moves.factor_return,
        case when exposures.coverage is null then 0 else exposures.dollar_exposure end as dollar_exposure
    from days
    cross join factors
    left join exposures
        on
            days.portfolio_id = exposures.portfolio_id
            and days.previous_trading_day = exposures.as_of_date
            and factors.factor = exposures.factor
    left join moves on days.as_of_date = moves.as_of_date and factors.factor = moves.factor
),

by_factor as (
    select
        *,
        case
            when not base > 0 then 'capital_not_positive'
            when coverage = 0 then 'no_betas'
            when dollar_exposure is null then 'factor_not_in_model'
            when factor_return is null and dollar_exposure <> 0 then 'no_factor_return'
        end as null_reason
    from exposed
),

measured as (
    select
        *,
        case when null_reason is null then dollar_exposure * coalesce(factor_return, 0) end as factor_pnl
    from by_factor
),

totals as (
    select
        portfolio_id,
        as_of_date,
        base,
        public_pnl,
        private_pnl,
        max(coverage) as coverage,
        coalesce(sum(factor_pnl order by factor), 0) as factor_pnl,
        min(null_reason) filter (where null_reason <> 'factor_not_in_model') as null_reason
    from measured
    group by portfolio_id, as_of_date, base, public_pnl, private_pnl
),

final as (
    select
        portfolio_id,
        as_of_date,
        factor,
        case when base > 0 then dollar_exposure / base end as beta,
        factor_return,
        -- adding 0 turns -0 into 0
        case when null_reason is null then 0 + factor_pnl / base end as contribution,
        null_reason,
        coverage
    from measured
    union all
    select
        portfolio_id,
        as_of_date,
        'Specific' as factor,
        null as beta,
        null as factor_return,
        case when null_reason is null then (public_pnl - factor_pnl) / base end as contribution,
        null_reason,
        coverage
    from totals
    union all
    select
        portfolio_id,
        as_of_date,
        'Private' as factor,
        null as beta,
        null as factor_return,
        case when base > 0 then private_pnl / base end as contribution,
        case when not base > 0 then 'capital_not_positive' end as null_reason,
        coverage
    from totals
)

select * from final
