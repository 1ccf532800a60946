-- Sets the user of the current transaction only: the row filter of the marts (access.readable_portfolio_ids) checks
-- both settings.
select
    set_config('sigmasight.user_id', %(user_id)s, true) as user_id,
    set_config('sigmasight.user_key', %(user_key)s, true) as user_key
