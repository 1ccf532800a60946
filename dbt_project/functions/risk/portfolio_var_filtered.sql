{%- set rules = var('risk_rules') -%}
{%- set decay = 'cast(' ~ rules.filter_lambda ~ ' as double precision)' -%}
-- The volatility before a session is the root of the mean of the squared outcomes before it, with weights that decay:
-- sums of squares over powers of the decay, so that one window function gives them all.
with known as (
    select
        portfolio_id,
        is_in_window,
        outcome,
        row_number() over (partition by portfolio_id order by session_number) as place
    from {{ udf('portfolio_outcomes') }}(portfolio_ids, portfolio_var_filtered.as_of_date)
    where outcome is not null
),

scaled as (
    select
        *,
        power({{ decay }}, -place) as weight
    from known
),

summed as (
    select
        portfolio_id,
        is_in_window,
        outcome,
        place,
        sum(weight * outcome * outcome) over before / nullif(sum(weight) over before, 0) as variance_before,
        sum(weight * outcome * outcome) over whole / sum(weight) over whole as variance_now
    from scaled
    window
        before as (
            partition by portfolio_id order by place rows between unbounded preceding and 1 preceding
        ),
        whole as (partition by portfolio_id)
),

scaled_outcomes as (
    select
        portfolio_id,
        case when outcome = 0 then 0 else outcome * sqrt(variance_now / variance_before) end as outcome
    from summed
    where is_in_window and place > {{ rules.filter_minimum }} and (outcome = 0 or variance_before > 0)
),

{{ tail_figures('scaled_outcomes') }}
