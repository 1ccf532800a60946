{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date'], 'unique': true}],
) }}

-- Annualized variance of each portfolio by the risk model: the systematic part is the sum of the factor contributions,
-- the idiosyncratic part that of the symbols' residuals. Null where equity is not positive.
with scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

variances as (
    select * from {{ ref('int_portfolio_factor_variances') }}
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
        scopes.portfolio_id,
        scopes.as_of_date,
        -- rounding may leave a zero variance slightly negative; what is summed is divided even where the case is false
        case
            when scopes.equity > 0 and count(variances.dollar_variance) > 0 then greatest(
                sum(
                    variances.dollar_variance / nullif(scopes.equity * scopes.equity, 0) order by variances.factor
                ), 0
            )
        end as systematic_variance
    from scopes
    left join variances
        on scopes.portfolio_id = variances.portfolio_id and scopes.as_of_date = variances.as_of_date
    group by scopes.portfolio_id, scopes.as_of_date, scopes.equity
),

-- a symbol has betas to every factor that has prices, or to none: all factors cover the same positions
idiosyncratic as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        sum(case
            when holdings.equity > 0
                then power(holdings.exposure / holdings.equity * betas.residual_volatility, 2)
        end order by holdings.symbol) as idiosyncratic_variance,
        {{ exact_sum('holdings.known_market_value') }} as covered_market_value,
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
        {{ covered_share('idiosyncratic', 'scopes') }} as coverage,
        systematic.systematic_variance + idiosyncratic.idiosyncratic_variance as total_variance
    from idiosyncratic
    inner join systematic
        on
            idiosyncratic.portfolio_id = systematic.portfolio_id
            and idiosyncratic.as_of_date = systematic.as_of_date
    inner join scopes
        on idiosyncratic.portfolio_id = scopes.portfolio_id and idiosyncratic.as_of_date = scopes.as_of_date
)

select * from final
