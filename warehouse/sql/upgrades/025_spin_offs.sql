-- From layout 25 on, raw.corporate_actions also holds spin-offs. None is known yet, so that nothing is built again: the
-- first that is loaded says from which day on.

alter table raw.corporate_actions drop constraint if exists corporate_actions_action_check;

alter table raw.corporate_actions add constraint corporate_actions_action_check check (
    action in (
        'split', 'dividend', 'special_dividend', 'rename', 'cash_merger', 'stock_merger', 'cash_and_stock_merger',
        'spin_off'
    )
);

-- spin-offs tell successors too: another index covers them
drop index if exists raw.corporate_actions_that_succeed;

-- the value of what a position received in a spin-off on the session; null: built before, when nothing was received
alter table if exists published.int_position_values
add column if not exists spun_off_value numeric(38, 2);
