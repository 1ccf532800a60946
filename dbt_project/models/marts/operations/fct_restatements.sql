{{ config(
    materialized='mart',
    derived=true,
    grain=['publication_id', 'as_of_date', 'mart', 'key', 'column_name'],
    instant_column='published_at',
) }}

-- Recorded while the marts are built (macros/restate.sql), visible once the build is published.
with restatements as (
    select * from {{ ref('stg_ops__restatements') }}
),

publications as (
    select * from {{ ref('stg_ops__publications') }}
),

-- not materialized, so that the rows of a portfolio and date are found by index
matrices as not materialized (
    select * from {{ ref('fct_portfolio_correlation') }}
),

final as (
    select
        restatements.publication_id,
        restatements.as_of_date,
        restatements.mart,
        restatements.key,
        restatements.portfolio_id,
        restatements.column_name,
        restatements.old_value,
        restatements.new_value,
        publications.cause,
        publications.published_at
    from restatements
    inner join publications on restatements.publication_id = publications.publication_id
    where
        {{ row_filter('restatements') }}
        or restatements.portfolio_id is null and (
            restatements.mart <> 'fct_correlation_pairs' and restatements.mart not in {{ symbol_marts() }}
            or restatements.mart in {{ symbol_marts() }}
            and {{ symbol_filter("split_part(restatements.key, ' ', 1)") }}
            -- a pair is stored once for all holders: show it only to users who hold both symbols together
            or exists (
                select matrices.portfolio_id
                from matrices
                where
                    matrices.as_of_date = restatements.as_of_date
                    and matrices.symbols @> string_to_array(restatements.key, ' ')
                    and matrices.portfolio_id in (
                        select readable.id from access.readable_portfolio_ids() as readable (id)
                    )
            )
        )
)

select * from final
