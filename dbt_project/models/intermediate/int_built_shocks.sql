-- Shocks of the scenarios on the dates being built.
with final as (
    select * from {{ ref('int_scenario_shocks') }}
    where as_of_date between {{ from_date() }} and {{ to_date() }}
)

select * from final
