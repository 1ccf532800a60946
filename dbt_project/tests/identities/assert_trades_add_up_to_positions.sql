-- A trade that is missing, or listed twice, would go unseen in the list: the quantities of a position's trades up to a
-- session must add up to what it holds at the close, and to nothing on its last session.
with position_values as (
    select
        position_id,
        portfolio_id,
        as_of_date,
        case when is_open then quantity else 0 end as quantity_held
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
),

trades as (
    {{ tested_rows(ref('fct_trades'), before=true) }}
),

changes as (
    select
        position_id,
        portfolio_id,
        as_of_date,
        quantity as quantity_change,
        cast(null as numeric) as quantity_held
    from trades
    union all
    select
        position_id,
        portfolio_id,
        as_of_date,
        0 as quantity_change,
        quantity_held
    from position_values
),

summed as (
    select
        *,
        sum(quantity_change) over (partition by position_id order by as_of_date) as quantity_traded
    from changes
)

select * from summed
where quantity_held is not null and quantity_traded <> quantity_held
