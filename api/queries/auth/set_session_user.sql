-- Opens the transaction in a user's name, for the transaction only: the row filter of the marts
-- (access.readable_portfolio_ids) looks at both settings.
select
    set_config('sigmasight.user_id', %(user_id)s, true) as user_id,
    set_config('sigmasight.user_key', %(user_key)s, true) as user_key
