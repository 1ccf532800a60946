{{ config(materialized='ephemeral') }}

-- Beta by data providers: delta-adjusted exposure x beta over the absolute exposure of the symbols that have one. What
-- has none does not count as zero, and a dollar-neutral book does not divide by zero.
with holdings as not materialized (
    select * from {{ ref('int_portfolio_holdings') }}
    where not is_cash
),

symbol_risk as not materialized (
    select * from ({{ market_rows(ref('fct_symbol_risk')) }}) as visible
    where provider_beta is not null
),

known as (
    select
        holdings.*,
        case when holdings.known_positions > 0 then symbol_risk.provider_beta end as provider_beta
    from holdings
    left join symbol_risk
        on holdings.symbol = symbol_risk.symbol and holdings.as_of_date = symbol_risk.as_of_date
),

summed as (
    select
        portfolio_id,
        as_of_date,
        {{ exact_sum('exposure * provider_beta') }} as dollar_exposure,
        {{ exact_sum('case when provider_beta is not null then abs(exposure) end') }} as exposure_with_beta,
        coalesce({{ exact_sum('case when provider_beta is not null then known_market_value end') }}, 0)
        / nullif({{ exact_sum('gross_market_value') }}, 0) as coverage,
        coalesce(sum(known_positions) filter (where provider_beta is not null), 0) as positions_with_beta
    from known
    group by portfolio_id, as_of_date
),

judged as (
    select
        *,
        case
            when positions_with_beta = 0 then 'no_provider_beta'
            when coverage < {{ var('provider_beta_minimum_coverage') }} then 'coverage_too_low'
            when exposure_with_beta = 0 or coverage is null then 'no_exposure'
        end as null_reason
    from summed
),

final as (
    select
        portfolio_id,
        as_of_date,
        case when null_reason is null then dollar_exposure / exposure_with_beta end as beta,
        null_reason,
        exposure_with_beta,
        coverage,
        positions_with_beta
    from judged
)

select * from final
