{{ config(
    materialized='fact',
    indexes=[{'columns': ['as_of_date', 'portfolio_id', 'model', 'factor'], 'unique': true}],
) }}

-- Betas of portfolios: holdings times the betas of their symbols, over equity. A portfolio without betas has a
-- row that says why.
with matched as (
    select * from {{ ref('int_position_factor_betas') }}
),

snapshots as (
    select * from {{ ref('int_portfolio_snapshots') }}
    where as_of_date between {{ from_date() }} and {{ to_date() }}
),

factors as (
    select * from {{ ref('factors') }}
),

summed as (
    select
        portfolio_id,
        as_of_date,
        model,
        factor,
        sum(cast(market_value as double precision) * beta) as dollar_exposure,
        cast(
            coalesce(sum(abs(market_value)) filter (where beta is not null), 0)
            / nullif(sum(abs(market_value)) filter (where is_in_scope), 0) as double precision
        ) as coverage,
        count(*) as positions_total,
        count(*) filter (where is_in_scope) as positions_in_scope,
        count(beta) as positions_analyzed,
        min(observations) filter (where beta is not null) as data_days,
        bool_or(quality_flag = 'limited_history') filter (where beta is not null) as has_limited_history
    from matched
    group by portfolio_id, as_of_date, model, factor
),

flagged as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        snapshots.equity,
        factors.model,
        factors.factor,
        summed.dollar_exposure,
        summed.coverage,
        coalesce(summed.positions_total, 0) as positions_total,
        coalesce(summed.positions_analyzed, 0) as positions_analyzed,
        coalesce(summed.data_days, 0) as data_days,
        case
            when coalesce(summed.positions_in_scope, 0) = 0 then 'no_public_positions'
            when summed.positions_analyzed = 0 then 'no_factor_data'
            when summed.has_limited_history then 'limited_history'
            else 'full_history'
        end as quality_flag
    from snapshots
    cross join factors
    left join summed
        on
            snapshots.portfolio_id = summed.portfolio_id
            and snapshots.as_of_date = summed.as_of_date
            and factors.model = summed.model
            and factors.factor = summed.factor
),

final as (
    select
        portfolio_id,
        as_of_date,
        model,
        factor,
        case when equity > 0 then dollar_exposure / cast(equity as double precision) end as beta,
        dollar_exposure,
        cast(null as double precision) as variance_contribution,
        coverage,
        cast(null as text) as tilt,
        quality_flag,
        case quality_flag
            when 'no_public_positions' then 'No public positions: a factor model has nothing to work on.'
            when 'no_factor_data' then 'No position has enough return history for this model yet.'
            when 'limited_history' then 'Some positions have less than nine tenths of the window.'
            else 'Every analyzed position has a full window of returns.'
        end as quality_message,
        cast(positions_analyzed as integer) as positions_analyzed,
        cast(positions_total as integer) as positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(data_days as integer) as data_days
    from flagged
)

select * from final
