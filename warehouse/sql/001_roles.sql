-- Roles and their rights. Run by the administrator of the server; every statement is idempotent.
-- The roles have no password here: the embedded server trusts its own unix socket, and on a server given by
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
    -- Timestamps are shown and truncated to days in UTC, whatever the server's default.
    execute format('alter database %I set timezone to %L', current_database(), 'UTC');
end
$$;

-- PostgreSQL lets every role store large objects and take advisory locks, which loads and builds rely on. Only a
-- superuser can revoke that, which the administrator is on the embedded server.
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

-- Like an analyst, the writer reads marts without the row filter.
grant sigmasight_analyst to sigmasight_writer;

-- A second line of defence only: the first is that these roles own nothing and have no right to write.
alter role sigmasight_api set default_transaction_read_only = on;
alter role sigmasight_api set statement_timeout = '10s';
alter role sigmasight_api set idle_in_transaction_session_timeout = '30s';
alter role sigmasight_auth set default_transaction_read_only = on;
alter role sigmasight_auth set statement_timeout = '5s';
alter role sigmasight_analyst set default_transaction_read_only = on;
-- analysts may name marts without a schema, and the functions over marts resolve names by this path
alter role sigmasight_analyst set search_path = marts, udf, public;
