-- From layout 22 on, raw.corporate_actions also holds renames, mergers and special dividends. None is known yet, so that
-- nothing is built again: the first that is loaded says from which day on.

alter table raw.corporate_actions drop constraint if exists corporate_actions_action_check;

alter table raw.corporate_actions add constraint corporate_actions_action_check check (
    action in (
        'split', 'dividend', 'special_dividend', 'rename', 'cash_merger', 'stock_merger', 'cash_and_stock_merger'
    )
);

-- what mergers realize of a position that stays open; null until it is built again, when only the last session realizes
alter table if exists published.int_position_values
add column if not exists cumulative_realized_pnl numeric(38, 2);
