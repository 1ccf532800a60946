-- Every grant of a database, from PostgreSQL's catalogs. A row is one right of one role on one object. What a role may do
-- because it owns an object is not a row, unless the owner is another than that of everything else (owner). Of PostgreSQL's
-- own objects only those are listed whose rights were changed after the server was created. is_warehouse: also what
-- belongs to the server. roles: those of the warehouse.
with schemas as (
    select oid, nspname, nspowner, nspacl
    from pg_catalog.pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
),

-- of extensions: their rights come with them
parts as (
    select classid, objid from pg_catalog.pg_depend where deptype = 'e'
),

relations as (
    select
        classes.oid, nspname, relname, relowner, relacl, reloptions, relrowsecurity, relforcerowsecurity,
        case when relkind in ('v', 'm') then 'views' when relkind = 'S' then 'sequences' else 'tables' end as kind
    from pg_catalog.pg_class as classes
    join schemas on schemas.oid = relnamespace
    where
        relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and ('pg_class'::regclass, classes.oid) not in (select classid, objid from parts)
),

routines as (
    select
        procedures.oid, nspname, proowner, proacl, prosecdef,
        proname || '(' || array_to_string(
            array(
                select typname
                from unnest(proargtypes) with ordinality as arguments (type_id, place)
                join pg_catalog.pg_type on pg_type.oid = type_id
                order by place
            ), ', '
        ) || ')' as name
    from pg_catalog.pg_proc as procedures
    join schemas on schemas.oid = pronamespace
    where ('pg_proc'::regclass, procedures.oid) not in (select classid, objid from parts)
),

-- objects of PostgreSQL itself whose rights were changed
changed as (
    select 'functions' as kind, procedures.oid, proname::text as name, proowner as owner, proacl as acl
    from pg_catalog.pg_proc as procedures
    left join pg_catalog.pg_init_privs as initial
        on initial.objoid = procedures.oid and initial.classoid = 'pg_proc'::regclass
    where
        pronamespace = 'pg_catalog'::regnamespace
        and proacl is distinct from initial.initprivs
    union all
    select 'views', classes.oid, relname::text, relowner, relacl
    from pg_catalog.pg_class as classes
    left join pg_catalog.pg_init_privs as initial
        on initial.objoid = classes.oid and initial.classoid = 'pg_class'::regclass and initial.objsubid = 0
    where
        relnamespace = 'pg_catalog'::regnamespace
        and relacl is distinct from initial.initprivs
),

-- place, kind, object, rights, and the owner, whose own rights are left out
lists as (
    select
        'database ' || case
            when datname = current_database() then 'of the warehouse'
            when datname = current_database() || '_ai' then 'of the chat'
            else datname
        end as place,
        'database' as kind, ''::text as name, coalesce(datacl, acldefault('d', datdba)) as acl, datdba as owner
    from pg_catalog.pg_database
    where datname in (current_database(), current_database() || '_ai', 'postgres') and %(is_warehouse)s
    union all
    select 'schema ' || nspname, 'schema', '', coalesce(nspacl, acldefault('n', nspowner)), nspowner from schemas
    union all
    select
        'schema ' || nspname, kind, relname::text,
        coalesce(relacl, acldefault(case when kind = 'sequences' then 's'::"char" else 'r' end, relowner)), relowner
    from relations
    union all
    select 'schema ' || nspname, 'columns', relname || '.' || attname, attacl, relowner
    from relations
    join pg_catalog.pg_attribute as columns on columns.attrelid = relations.oid
    where attacl is not null and not attisdropped
    union all
    select 'schema ' || nspname, 'functions', name, coalesce(proacl, acldefault('f', proowner)), proowner
    from routines
    union all
    select 'PostgreSQL''s own', kind, name, coalesce(acl, acldefault('f', owner)), owner from changed
    union all
    select 'PostgreSQL''s own', 'languages', lanname, lanacl, lanowner from pg_catalog.pg_language
    where lanacl is not null
        and lanacl is distinct from (
            select initprivs from pg_catalog.pg_init_privs
            where objoid = pg_language.oid and classoid = 'pg_language'::regclass
        )
    union all
    select 'schema ' || nspname, 'types', typname, typacl, typowner
    from pg_catalog.pg_type
    join schemas on schemas.oid = typnamespace
    where typacl is not null
    union all
    select 'server', 'foreign servers', srvname, srvacl, srvowner from pg_catalog.pg_foreign_server
    where srvacl is not null
    union all
    select 'server', 'large objects', oid::text, lomacl, lomowner from pg_catalog.pg_largeobject_metadata
    where lomacl is not null
    union all
    select 'server', 'parameters', parname, paracl, 10::oid from pg_catalog.pg_parameter_acl where %(is_warehouse)s
    union all
    select 'server', 'tablespaces', spcname, spcacl, spcowner from pg_catalog.pg_tablespace
    where spcacl is not null and %(is_warehouse)s
    union all
    select
        'later objects of ' || pg_get_userbyid(defaclrole)
        || coalesce(' in schema ' || defaclnamespace::regnamespace::text, ''),
        case defaclobjtype
            when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
            else 'schemas'
        end,
        '', defaclacl, defaclrole
    from (
        select defaclrole, nullif(defaclnamespace, 0) as defaclnamespace, defaclobjtype, defaclacl
        from pg_catalog.pg_default_acl
    ) as defaults
),

facts as (
    select
        place, kind, name,
        lower(granted.privilege_type) || case when granted.is_grantable then ' and grant' else '' end as privilege,
        case when granted.grantee = 0 then 'everyone' else pg_get_userbyid(granted.grantee) end as role
    from lists
    cross join lateral aclexplode(acl) as granted
    where granted.grantee <> owner
    union all
    -- what PostgreSQL grants to everyone, and here is not
    select place, kind, name, 'not execute', 'everyone'
    from lists
    where
        (place = 'PostgreSQL''s own' and kind = 'functions' or place like 'later objects of %%' and kind = 'functions')
        and place not like '%% in schema %%'
        and not exists (select from aclexplode(acl) as granted where granted.grantee = 0)
    union all
    select place, kind, name, 'not select', 'everyone'
    from lists
    where
        place = 'PostgreSQL''s own' and kind = 'views'
        and not exists (select from aclexplode(acl) as granted where granted.grantee = 0)
    union all
    select place, kind, name, 'own', pg_get_userbyid(owner)
    from lists
    where
        kind in ('schema', 'tables', 'views', 'sequences', 'functions')
        and place like 'schema %%'
        and place <> 'schema public'
        and pg_get_userbyid(owner) <> %(owner)s
    union all
    select 'schema ' || nspname, 'functions', name, 'run as ' || pg_get_userbyid(proowner), 'who may execute them'
    from routines where prosecdef
    union all
    select 'schema ' || nspname, kind, relname, 'filter before anything else', 'views'
    from relations where 'security_barrier=true' = any(reloptions)
    union all
    select
        'schema ' || nspname, kind, relname::text,
        case when relforcerowsecurity then 'row policies for the owner too' else 'row policies' end, 'everyone'
    from relations where relrowsecurity
    union all
    select
        'schema ' || schemaname, 'row policies', tablename || ' ' || policyname, lower(cmd),
        case when role_name = 'public' then 'everyone' else role_name end
    from pg_catalog.pg_policies
    cross join lateral unnest(roles) as role_name
    where schemaname in (select nspname from schemas)
    union all
    select 'server', 'memberships', pg_get_userbyid(roleid), 'member', pg_get_userbyid(member)
    from pg_catalog.pg_auth_members
    where
        (pg_get_userbyid(roleid) = any(%(roles)s) or pg_get_userbyid(member) = any(%(roles)s))
        and %(is_warehouse)s
    union all
    select 'server', 'roles', '', attribute, rolname
    from pg_catalog.pg_roles
    cross join lateral (
        values
        (rolcanlogin, 'log in'), (rolsuper, 'be superuser'), (rolcreaterole, 'create roles'),
        (rolcreatedb, 'create databases'), (rolreplication, 'replicate'), (rolbypassrls, 'bypass row policies')
    ) as attributes (has, attribute)
    where has and rolname = any(%(roles)s) and %(is_warehouse)s
    union all
    -- what a session begins with; each role may change its own
    select
        case when setdatabase = 0 then 'server' else 'database of the warehouse' end,
        'settings', replace(setting, '; ', ';'), 'begin with', coalesce(rolname, 'everyone')
    from pg_catalog.pg_db_role_setting
    left join pg_catalog.pg_roles on pg_roles.oid = setrole
    cross join lateral unnest(setconfig) as setting
    where
        (rolname = any(%(roles)s) or setrole = 0)
        and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
        and %(is_warehouse)s
    union all
    select 'server', 'roles', '', 'connect ' || rolconnlimit || ' times at most', rolname
    from pg_catalog.pg_roles
    where rolconnlimit <> -1 and rolname = any(%(roles)s) and %(is_warehouse)s
    union all
    select 'server', 'roles', '', 'no longer log in', rolname
    from pg_catalog.pg_roles
    where rolvaliduntil < now() and rolname = any(%(roles)s) and %(is_warehouse)s
)

select distinct place, kind, name, privilege, case when role = current_user then 'administrator' else role end
from facts
