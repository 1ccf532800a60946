{{ config(
    materialized='mart',
    derived=true,
    grain=['publication_id', 'mart', 'column_name'],
    instant_column='published_at',
) }}

-- Counted while the marts are built (macros/restate.sql), visible once the build is published. Figures of
-- symbols and their pairs are counted once for all holders: those counts are for analysts only.
with counts as (
    select * from {{ ref('stg_ops__restatement_counts') }}
),

publications as (
    select * from {{ ref('stg_ops__publications') }}
),

final as (
    select
        counts.publication_id,
        counts.mart,
        counts.column_name,
        publications.cause,
        min(counts.from_date) as from_date,
        max(counts.to_date) as to_date,
        cast(sum(counts.change_count) as bigint) as rows, -- noqa: RF04
        cast(sum(counts.listed_count) as bigint) as rows_listed,
        max(counts.largest_change) as largest_change,
        publications.published_at
    from counts
    inner join publications on counts.publication_id = publications.publication_id
    where
        {{ row_filter('counts') }}
        or counts.portfolio_id is null and counts.mart <> 'fct_correlation_pairs'
        and counts.mart not in {{ symbol_marts() }}
    group by
        counts.publication_id,
        counts.mart,
        counts.column_name,
        publications.cause,
        publications.published_at
)

select * from final
