{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'as_of_date', 'publication_id']},
        {'columns': ['as_of_date', 'publication_id', 'position_id']},
    ],
) }}

with position_values as (
    {{ built_rows(ref('int_position_values')) }}
),

snapshots as (
    {{ built_rows(ref('int_portfolio_snapshots')) }}
),

final as (
    select
        position_values.*,
        cast(case
            when snapshots.equity > 0 then position_values.market_value / snapshots.equity
        end as double precision) as weight,
        case when snapshots.equity <= 0 then 'equity_not_positive' end as weight_null_reason
    from position_values
    inner join snapshots
        on
            position_values.portfolio_id = snapshots.portfolio_id
            and position_values.as_of_date = snapshots.as_of_date
)

select * from final
