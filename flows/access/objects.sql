-- Every object of a kind, so that a right on all of them can be written as that.
select
    'schema ' || nspname as place,
    case when relkind in ('v', 'm') then 'views' when relkind = 'S' then 'sequences' else 'tables' end as kind,
    relname::text as name
from pg_catalog.pg_class
join pg_catalog.pg_namespace as schemas on schemas.oid = relnamespace
where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
union all
select
    'schema ' || nspname, 'functions', proname || '(' || array_to_string(
        array(
            select typname
            from unnest(proargtypes) with ordinality as arguments (type_id, place)
            join pg_catalog.pg_type on pg_type.oid = type_id
            order by place
        ), ', '
    ) || ')'
from pg_catalog.pg_proc
join pg_catalog.pg_namespace as schemas on schemas.oid = pronamespace
where nspname !~ '^pg_' and nspname <> 'information_schema'
