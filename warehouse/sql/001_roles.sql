-- Roles and their rights. Run by the administrator of the server; every statement is idempotent.
-- The roles have no password here: on the embedded server they are made from a secret of the warehouse
-- (warehouse.embedded_logins), on a server given by DATABASE_URL they are set from the settings.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'sigmasight_writer', 'sigmasight_analyst', 'sigmasight_api', 'sigmasight_auth', 'sigmasight_ai',
        'sigmasight_chat'
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

-- PostgreSQL lets every role change its own settings, for all its later sessions: what differs from those below is undone.
do $$
declare
    changed record;
begin
    for changed in
        select
            roles.rolname as name,
            case when settings.setdatabase <> 0 then format('in database %I', current_database()) else '' end as place
        from pg_catalog.pg_db_role_setting as settings
        join pg_catalog.pg_roles as roles on roles.oid = settings.setrole
        where
            roles.rolname in (
                'sigmasight_writer', 'sigmasight_analyst', 'sigmasight_api', 'sigmasight_auth', 'sigmasight_ai',
                'sigmasight_chat'
            )
            and settings.setdatabase in (
                0, (select oid from pg_catalog.pg_database where datname = current_database())
            )
    loop
        execute format('alter role %I %s reset all', changed.name, changed.place);
    end loop;
end
$$;

-- PostgreSQL lets every role store large objects, take advisory locks, change settings from within a query, sleep, run
-- SQL given as text and see the statements of other sessions. Only a superuser can revoke that, which the administrator
-- is on the embedded server. sigmasight_chat, which runs statements that a model wrote, gets none of it back.
do $$
declare
    guarded record;
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        return;
    end if;
    for guarded in
        select
            oid::regprocedure as name,
            case
                -- text as SQL, large objects, notifications, transaction ids, signals: needed by no role of ours
                when proname ~ '^(query|table|schema|database|cursor)_to_xml|^lo_|^lo(read|write)$' then null
                when proname ~ '^pg_(notify|export_snapshot|current_xact_id|logical_emit_message)$' then null
                when proname ~ '^(txid_current|ts_stat|ts_rewrite|setseed)$' then null
                when proname ~ '^pg_(cancel|terminate)_backend$' then 'sigmasight_writer'
                when proname ~ '^pg_(try_)?advisory_(xact_)?lock' then 'sigmasight_writer'
                when proname in ('set_config', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until')
                    then 'sigmasight_writer, sigmasight_analyst, sigmasight_api, sigmasight_auth'
                else 'sigmasight_writer, sigmasight_analyst, pg_monitor'
            end as roles
        from pg_catalog.pg_proc
        where
            pronamespace = 'pg_catalog'::regnamespace
            and (
                proname ~ '^(query|table|schema|database|cursor)_to_xml|^lo_|^lo(read|write)$'
                or proname ~ '^pg_(notify|export_snapshot|current_xact_id|logical_emit_message)$'
                or proname ~ '^(txid_current|ts_stat|ts_rewrite|setseed|set_config)$'
                or proname ~ '^pg_(try_)?advisory_(xact_)?lock|^pg_(cancel|terminate)_backend$|^pg_sleep'
                -- activity and sizes, which depend on the rows of all users
                or proname ~ '^pg_stat_|^pg_(lock_status|blocking_pids|safe_snapshot_blocking_pids|prepared_xact)$'
                -- jsonb - text[], which looks at no timeout: each key is compared with each of the list
                or oid = 'pg_catalog.jsonb_delete(jsonb, text[])'::regprocedure
                or proname ~ '^pg_(relation|total_relation|table|indexes|database|tablespace)_size$'
            )
            -- what PostgreSQL grants to no role stays so
            and has_function_privilege('public', oid, 'execute')
    loop
        execute format('revoke execute on function %s from public', guarded.name);
        if guarded.roles is not null then
            execute format('grant execute on function %s to %s', guarded.name, guarded.roles);
        end if;
    end loop;
    for guarded in
        select oid::regclass as name
        from pg_catalog.pg_class
        where
            relnamespace = 'pg_catalog'::regnamespace
            and relkind = 'v'
            and (relname ~ '^pg_(stat_|statio_)' or relname in ('pg_locks', 'pg_prepared_xacts'))
            and has_table_privilege('public', oid, 'select')
    loop
        execute format('revoke select on %s from public', guarded.name);
        execute format('grant select on %s to sigmasight_writer, sigmasight_analyst, pg_monitor', guarded.name);
    end loop;
    -- who may write to a view may lock it against its readers, of whom pg_dump is one; only settings could be written
    revoke update on pg_catalog.pg_settings from public;
    alter role sigmasight_chat set temp_file_limit = '256MB';
    -- the proof of access.claim is a parameter
    alter role sigmasight_chat set log_parameter_max_length = 0;
    alter role sigmasight_api set log_parameter_max_length = 0;
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
-- readers may name marts without a schema, and the functions over marts resolve names by this path
alter role sigmasight_analyst set search_path = marts, udf, public;
alter role sigmasight_api set search_path = marts, udf;
alter role sigmasight_chat set search_path = marts, udf;

-- The role of statements that the chat's model wrote. The limits are those of a session that sets none.
alter role sigmasight_chat connection limit 50;
alter role sigmasight_chat set default_transaction_read_only = on;
alter role sigmasight_chat set statement_timeout = '10s';
alter role sigmasight_chat set lock_timeout = '1s';
alter role sigmasight_chat set idle_in_transaction_session_timeout = '30s';
alter role sigmasight_chat set idle_session_timeout = '30min';
alter role sigmasight_chat set work_mem = '32MB';

-- The row filter is bound to the process of the session; a parallel worker is another one.
alter role sigmasight_api set max_parallel_workers_per_gather = 0;
alter role sigmasight_chat set max_parallel_workers_per_gather = 0;
