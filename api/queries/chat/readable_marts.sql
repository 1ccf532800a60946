-- The views that the chat's role may read, with their columns. Run as sigmasight_chat.
select
    pg_namespace.nspname::text as schema_name,
    pg_class.relname::text as mart,
    array_agg(pg_attribute.attname::text order by pg_attribute.attnum) as column_names
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
inner join pg_catalog.pg_attribute on pg_class.oid = pg_attribute.attrelid
where
    pg_namespace.nspname in ('marts', 'marts_at', 'marts_history')
    and pg_class.relkind = 'v'
    and has_table_privilege(pg_class.oid, 'select')
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
group by pg_namespace.nspname, pg_class.relname
