{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_current_portfolios'), ['portfolio_id']) }}
