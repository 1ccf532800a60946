{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date', 'factor_model', 'factor'], 'unique': true}],
) }}

-- Symbols that an analytic does not measure, the largest first: private positions, options without a delta, symbols
-- without a beta to the factor and, as factor_model `correlation`, symbols that are not in the portfolio's matrix
-- although they have an exposure.
with position_values as materialized (
    select
        *,
        investment_class <> 'PRIVATE' and delta_adjusted_exposure is not null as is_measurable
    from {{ ref('int_position_values') }}
    where is_open and not is_cash_equivalent and {{ is_being_built() }}
),

betas as materialized (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
),

analytics as (
    select
        model as factor_model,
        factor
    from {{ ref('factors') }}
    union all
    select
        'correlation' as factor_model,
        '' as factor
),

held as (
    select distinct
        as_of_date,
        pricing_symbol
    from position_values
    where is_measurable
),

without_beta as (
    select
        held.*,
        factors.model as factor_model,
        factors.factor
    from held
    cross join {{ ref('factors') }} as factors
    left join betas
        on
            held.pricing_symbol = betas.symbol
            and held.as_of_date = betas.as_of_date
            and factors.model = betas.model
            and factors.factor = betas.factor
    where betas.symbol is null
),

correlated as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part in ('member', 'cancelled')
),

unmeasured as (
    select
        position_values.*,
        analytics.factor_model,
        analytics.factor
    from position_values
    cross join analytics
    where not position_values.is_measurable
    union all
    select
        position_values.*,
        without_beta.factor_model,
        without_beta.factor
    from position_values
    inner join without_beta
        on
            position_values.pricing_symbol = without_beta.pricing_symbol
            and position_values.as_of_date = without_beta.as_of_date
    where position_values.is_measurable
    union all
    select
        position_values.*,
        'correlation' as factor_model,
        '' as factor
    from position_values
    left join correlated
        on
            position_values.portfolio_id = correlated.portfolio_id
            and position_values.as_of_date = correlated.as_of_date
            and position_values.pricing_symbol = correlated.symbol
    where position_values.is_measurable and correlated.symbol is null
),

by_symbol as (
    select
        portfolio_id,
        as_of_date,
        factor_model,
        factor,
        symbol,
        sum(abs(market_value)) as gross_market_value
    from unmeasured
    group by portfolio_id, as_of_date, factor_model, factor, symbol
),

final as (
    select
        portfolio_id,
        as_of_date,
        factor_model,
        factor,
        cast(count(*) as integer) as unmeasured_symbols,
        (array_agg(symbol order by gross_market_value desc, symbol asc))[:{{ var('named_positions') }}]
            as positions_not_measured
    from by_symbol
    group by portfolio_id, as_of_date, factor_model, factor
)

select * from final
