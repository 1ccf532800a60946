-- A spin-off that lost a cent of cost, or brought what nobody gave, would show a gain or a loss that is none: on its
-- session the costs of parents and of what they receive add up to the cost before, and what the parents gain in value
-- is what arrives.
with parents as (
    select * from {{ ref('int_spin_off_parents') }}
),

lots as (
    select * from {{ ref('int_spun_off_lots') }}
),

position_values as materialized (
    {{ tested_rows(ref('int_position_values')) }}
),

paths as (
    select * from {{ ref('int_position_paths') }}
),

given as (
    select
        parents.lot_id,
        parents.portfolio_id,
        parents.first_session,
        sum(position_values.spun_off_value) as amount,
        sum(earlier.cost_left - paths.cost_left) as cost_taken
    from parents
    inner join position_values
        on parents.position_id = position_values.position_id and parents.first_session = position_values.as_of_date
    inner join paths
        on
            parents.position_id = paths.position_id
            and parents.ex_date = paths.event_date
            and paths.new_symbol is not null
    inner join paths as earlier
        on parents.position_id = earlier.position_id and paths.step = earlier.step + 1
    group by parents.lot_id, parents.portfolio_id, parents.first_session
),

received as (
    select
        lots.lot_id,
        sum(position_values.cost_basis + position_values.unrealized_at_opening) as amount,
        sum(lots.new_cost) as cost_taken,
        sum(position_values.cost_basis) as cost_shown
    from lots
    inner join position_values
        on lots.position_id = position_values.position_id and lots.first_session = position_values.as_of_date
    group by lots.lot_id
)

select
    given.portfolio_id,
    given.lot_id
from given
full outer join received on given.lot_id = received.lot_id
where
    given.amount is distinct from received.amount
    or given.cost_taken is distinct from received.cost_taken
    or received.cost_taken is distinct from received.cost_shown
