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
    if current_user <> 'sigmasight_writer' then
        execute format('grant sigmasight_writer to %I', current_user);
    end if;
    execute format('grant create, connect, temporary on database %I to sigmasight_writer', current_database());
    execute format('revoke create, temporary on database %I from public', current_database());
    -- Instants are shown and days are cut in UTC, whatever the server's own habit.
    execute format('alter database %I set timezone to %L', current_database(), 'UTC');
end
$$;

-- Two things PostgreSQL lets everybody do: keep large objects in the database, and hold the advisory locks
-- that loads and builds go by. Only a superuser can take that away, as he is on the embedded server.
do $$
declare
    guarded text;
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        return;
    end if;
    for guarded in
        select oid::regprocedure
        from pg_catalog.pg_proc
        where
            pronamespace = 'pg_catalog'::regnamespace
            and (proname ~ '^pg_(try_)?advisory_(xact_)?lock' or proname ~ '^lo_(creat|create|from_bytea|put|import)$')
    loop
        execute format('revoke execute on function %s from public', guarded);
        if guarded like '%advisory%' then
            execute format('grant execute on function %s to sigmasight_writer', guarded);
        end if;
    end loop;
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
-- analysts name marts without a schema, and the functions over them read what this path leads to
alter role sigmasight_analyst set search_path = marts, udf, public;
