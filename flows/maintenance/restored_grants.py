"""The grants that a backup brings: revoked in its restore, because they may show readers what is not theirs.

In the schemas that are not for readers all are revoked; the numbered SQL, laid down next, makes what is
needed. In the schemas for readers those to other roles are revoked.
"""

REVOKE_GRANTS = """
set search_path = pg_catalog, pg_temp;
do $$
declare
    readers name[] := array['sigmasight_analyst', 'sigmasight_api', 'sigmasight_chat'];
    reader_schemas name[] := array['marts', 'marts_at', 'marts_history', 'udf'];
    everybody text;
    strangers text;
    schemas record;
    kind text;
begin
    select
        string_agg(quote_ident(rolname), ', '),
        string_agg(quote_ident(rolname), ', ') filter (where rolname <> all(readers))
    into everybody, strangers
    from pg_roles where rolname <> current_user;
    for schemas in
        select
            quote_ident(nspname) as name,
            case when nspname = any(reader_schemas) then strangers else everybody end as whom
        from pg_namespace
        where nspowner = (select oid from pg_roles where rolname = current_user)
    loop
        execute format('revoke all on schema %s from public, %s cascade', schemas.name, schemas.whom);
        foreach kind in array array['tables', 'sequences', 'routines'] loop
            execute format(
                'revoke all on all %s in schema %s from public, %s cascade', kind, schemas.name, schemas.whom
            );
            execute format(
                'alter default privileges in schema %s revoke all on %s from public, %s',
                schemas.name, kind, everybody
            );
        end loop;
    end loop;
    foreach kind in array array['tables', 'sequences', 'routines', 'schemas'] loop
        execute format('alter default privileges revoke all on %s from public, %s', kind, everybody);
    end loop;
end
$$;
"""
