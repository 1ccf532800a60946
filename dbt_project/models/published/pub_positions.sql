{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'position_id', 'publication_id']},
        {'columns': ['position_id', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_tagged_positions'), ['position_id']) }}
