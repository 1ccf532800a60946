{#- CTEs of a what-if: betas as in fct_portfolio_factor_exposures. -#}
{% macro what_if_betas() -%}
pricing_symbols as (
    select array_agg(distinct pricing_symbol) as symbols from positions
),

betas as materialized (
    select
        symbol,
        model,
        factor,
        beta,
        residual_volatility
    from {{ mart('fct_symbol_factor_betas') }}
    where
        as_of_date = what_if.as_of_date
        and symbol = any(array(select unnest(pricing_symbols.symbols) from pricing_symbols))
),

factor_sums as materialized (
    select
        holdings.side,
        betas.model,
        betas.factor,
        {{ exact_sum('holdings.exposure * betas.beta') }} as dollar_exposure,
        {{ exact_sum('holdings.known_market_value') }} as covered_market_value
    from holdings
    inner join betas on holdings.symbol = betas.symbol
    where not holdings.is_cash and holdings.known_positions > 0
    group by holdings.side, betas.model, betas.factor
),

factors as (
    select distinct
        model,
        factor
    from {{ mart('dim_factors') }}
),

factor_exposures as (
    select
        scopes.side,
        factors.model,
        factors.factor,
        factor_sums.dollar_exposure,
        case when scopes.size > 0 then factor_sums.dollar_exposure / scopes.size end as beta,
        {{ covered_share('factor_sums', 'scopes') }} as coverage,
        case
            when scopes.positions_in_scope = 0 then 'no_public_positions'
            when factor_sums.side is null then 'no_factor_data'
        end as null_reason,
        case when scopes.size <= 0 then 'equity_not_positive' end as ratio_null_reason
    from scopes
    cross join factors
    left join factor_sums
        on
            scopes.side = factor_sums.side
            and factors.model = factor_sums.model
            and factors.factor = factor_sums.factor
),

beta_figures as (
    select
        factor_exposures.side,
        'betas' as section,
        factor_exposures.model,
        factor_exposures.factor as part,
        figures.figure,
        figures.unit,
        figures.value,
        factor_exposures.coverage,
        figures.null_reason
    from factor_exposures
    cross join lateral (
        values
        ('beta', 'ratio', beta, coalesce(null_reason, ratio_null_reason)),
        ('dollar_exposure', 'USD', dollar_exposure, null_reason)
    ) as figures (figure, unit, value, null_reason)
)
{%- endmacro %}


{#- CTEs of a what-if: the variance by the risk model and its parts, as in fct_portfolio_risk. -#}
{% macro what_if_variances() -%}
covariances as (
    select
        factor_1,
        factor_2,
        ewma_covariance
    from {{ mart('fct_factor_correlations') }}
    where as_of_date = what_if.as_of_date and model = 'risk'
),

factor_variances as (
    select
        exposures.side,
        exposures.factor,
        exposures.dollar_exposure
        * sum(covariances.ewma_covariance * other_exposures.dollar_exposure order by other_exposures.factor)
            as dollar_variance
    from factor_sums as exposures
    inner join covariances on exposures.factor = covariances.factor_1
    inner join factor_sums as other_exposures
        on
            exposures.side = other_exposures.side
            and other_exposures.model = 'risk'
            and covariances.factor_2 = other_exposures.factor
    where exposures.model = 'risk'
    group by exposures.side, exposures.factor, exposures.dollar_exposure
),

systematic as (
    select
        scopes.side,
        -- rounding may leave a zero variance slightly negative
        greatest(sum(
            factor_variances.dollar_variance / (scopes.size * scopes.size) order by factor_variances.factor
        ), 0) as variance
    from scopes
    inner join factor_variances on scopes.side = factor_variances.side
    where scopes.size > 0
    group by scopes.side
),

idiosyncratic as (
    select
        scopes.side,
        sum(case
            when scopes.size > 0 then power(holdings.exposure / scopes.size * betas.residual_volatility, 2)
        end order by holdings.symbol) as variance,
        {{ exact_sum('holdings.known_market_value') }} as covered_market_value
    from holdings
    inner join scopes on holdings.side = scopes.side
    inner join betas on holdings.symbol = betas.symbol and betas.model = 'risk' and betas.factor = 'Market'
    where not holdings.is_cash and holdings.known_positions > 0
    group by scopes.side
),

variances as (
    select
        scopes.side,
        sqrt(systematic.variance) as systematic_volatility,
        sqrt(idiosyncratic.variance) as idiosyncratic_volatility,
        sqrt(systematic.variance + idiosyncratic.variance) as total_volatility,
        systematic.variance / {{ divisible_variance('(systematic.variance + idiosyncratic.variance)', 'scopes.size') }}
            as systematic_share,
        {{ covered_share('idiosyncratic', 'scopes') }} as coverage,
        case
            when scopes.positions_in_scope = 0 then 'no_public_positions'
            when scopes.size <= 0 then 'equity_not_positive'
            when idiosyncratic.side is null then 'no_factor_data'
        end as null_reason
    from scopes
    left join systematic on scopes.side = systematic.side
    left join idiosyncratic on scopes.side = idiosyncratic.side
),

variance_figures as (
    select
        variances.side,
        'variance' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figures.figure,
        'ratio' as unit,
        figures.value,
        variances.coverage,
        case when figures.value is null then coalesce(variances.null_reason, 'no_variance') end as null_reason
    from variances
    cross join lateral (
        values
        ('systematic_volatility', systematic_volatility),
        ('idiosyncratic_volatility', idiosyncratic_volatility),
        ('total_volatility', total_volatility),
        ('systematic_share', systematic_share)
    ) as figures (figure, value)
)
{%- endmacro %}
