-- Shocks of the scenarios on the dates being built.
with final as (
    select * from {{ ref('int_scenario_shocks') }}
    where {{ is_being_built() }}
)

select * from final
