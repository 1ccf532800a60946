with known as (
    select
        portfolio_id,
        session_number,
        is_in_window,
        outcome
    from {{ udf('portfolio_outcomes') }}(portfolio_ids, portfolio_var_filtered.as_of_date)
    where outcome is not null
),

{{ filtered_outcomes('known') }},

{{ tail_figures('scaled_outcomes') }}
