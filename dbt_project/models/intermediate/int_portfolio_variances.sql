{{ config(materialized='ephemeral') }}

-- The risk model's variance of each portfolio, a year: the factors' part is the sum of their contributions, the rest
-- what the symbols do each by itself. Null where equity is not positive.
with exposures as (
    select * from {{ ref('fct_portfolio_factor_exposures') }}
    where model = 'risk' and {{ is_being_built() }}
),

holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

betas as (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'risk' and factor = 'Market'
),

systematic as (
    select
        portfolio_id,
        as_of_date,
        -- rounding may leave a variance of nothing a hair below zero
        case
            when count(variance_contribution) > 0 then greatest(sum(variance_contribution order by factor), 0)
        end as systematic_variance,
        min(coverage) as coverage
    from exposures
    group by portfolio_id, as_of_date
),

idiosyncratic as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        sum(case
            when holdings.equity > 0
                then power(holdings.exposure / holdings.equity * betas.residual_volatility, 2)
        end order by holdings.symbol) as idiosyncratic_variance,
        sum(holdings.known_positions) as positions_analyzed,
        min(betas.observations) as data_days,
        bool_or(betas.quality_flag = 'limited_history') as has_limited_history
    from holdings
    inner join betas on holdings.symbol = betas.symbol and holdings.as_of_date = betas.as_of_date
    group by holdings.portfolio_id, holdings.as_of_date
),

final as (
    select
        idiosyncratic.*,
        systematic.systematic_variance,
        systematic.coverage
    from idiosyncratic
    inner join systematic
        on
            idiosyncratic.portfolio_id = systematic.portfolio_id
            and idiosyncratic.as_of_date = systematic.as_of_date
)

select * from final
