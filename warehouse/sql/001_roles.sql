-- Who may do what. Run by the administrator of the server; every statement may run again.
-- Login without a password: the embedded server trusts its own unix socket; on a server given by
-- DATABASE_URL the passwords are set from the settings (see warehouse.bootstrap).

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'sigmasight_writer', 'sigmasight_analyst', 'sigmasight_api', 'sigmasight_auth', 'sigmasight_ai'
    ] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            execute format('create role %I login', role_name);
        end if;
    end loop;
    execute format('grant sigmasight_writer to %I', current_user);
    execute format('grant create, connect, temporary on database %I to sigmasight_writer', current_database());
    execute format('revoke create, temporary on database %I from public', current_database());
end
$$;

-- The writer reads what it publishes as an analyst does: without the row filter.
grant sigmasight_analyst to sigmasight_writer;

-- The second line of defence only: the guard is that these roles own nothing and may write nothing.
alter role sigmasight_api set default_transaction_read_only = on;
alter role sigmasight_api set statement_timeout = '10s';
alter role sigmasight_api set idle_in_transaction_session_timeout = '30s';
alter role sigmasight_auth set default_transaction_read_only = on;
alter role sigmasight_auth set statement_timeout = '5s';
alter role sigmasight_analyst set default_transaction_read_only = on;
