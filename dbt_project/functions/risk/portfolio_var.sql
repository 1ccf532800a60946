with known as (
    select
        portfolio_id,
        outcome
    from {{ udf('portfolio_outcomes') }}(portfolio_ids, portfolio_var.as_of_date)
    where is_in_window and outcome is not null
),

{{ tail_figures('known') }}
