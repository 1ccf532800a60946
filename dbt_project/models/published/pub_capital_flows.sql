{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'flow_id', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_capital_flows'), ['flow_id']) }}
