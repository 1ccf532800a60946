{{ config(
    indexes=[
        {'columns': ['benchmark', 'effective_date', 'sector', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('benchmark_sector_weights'), ['benchmark', 'effective_date', 'sector']) }}
