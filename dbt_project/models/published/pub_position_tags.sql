{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'symbol', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_position_tag_periods'), ['portfolio_id', 'symbol', 'tag', 'is_automatic', 'valid_from']) }}
