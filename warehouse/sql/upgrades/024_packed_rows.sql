-- From layout 24 on, the rows of a portfolio and date are one row of arrays in published.packed_<mart>, and published.<mart>
-- is a view that unpacks them. Readers see the same rows: their views are laid over the new one at once.

do $$
declare
    mart text;
    marts constant text [] := '{
        fct_attribution_daily, fct_exposures_by_group, fct_factor_attribution_daily, fct_portfolio_factor_exposures,
        fct_portfolio_stress, fct_position_liquidity, fct_risk_contributions
    }';
    key_order text; -- of the rows within a portfolio and date: the grain
    packed_columns text;
    packed_names text;
    unpacked_columns text;
    readers text []; -- statements that lay the views over the table again
    statement text;
begin
    set local search_path = '';
    foreach mart in array marts loop
        continue when (
            select relkind from pg_catalog.pg_class where oid = to_regclass('published.' || mart)
        ) is distinct from 'r';

        -- before the table has another name, by which their definitions would know it
        select coalesce(array_agg(format(
            'create or replace view %s %s as %s',
            views.oid::regclass,
            'with (' || array_to_string(views.reloptions, ', ') || ')',
            pg_get_viewdef(views.oid)
        )), '{}')
        into readers
        from pg_catalog.pg_class as views
        where
            views.relkind = 'v'
            and views.oid in (
                select rules.ev_class
                from pg_catalog.pg_depend as dependencies
                inner join pg_catalog.pg_rewrite as rules on dependencies.objid = rules.oid
                where dependencies.refobjid = to_regclass('published.' || mart)
            );

        execute format('alter table published.%I rename to %I', mart, 'rows_of_' || mart);

        select string_agg(format('%I', columns.attname), ', ' order by parts.place)
        into key_order
        from pg_catalog.pg_index as keys
        cross join lateral unnest(keys.indkey) with ordinality as parts (attnum, place)
        inner join pg_catalog.pg_attribute as columns
            on columns.attrelid = keys.indrelid and columns.attnum = parts.attnum
        where
            keys.indrelid = to_regclass('published.rows_of_' || mart)
            and keys.indisprimary
            and columns.attname not in ('portfolio_id', 'as_of_date', 'publication_id');

        -- an array of arrays has one length for all of its elements: arrays are packed as text
        select
            string_agg(
                format(
                    'array_agg(%1$I%2$s order by %3$s)%4$s as %1$I',
                    attname,
                    case when is_array then '::text' end,
                    key_order,
                    case when type like '%(%' then '::' || type || '[]' end
                ),
                ', ' order by attnum
            ),
            string_agg(format('%I', attname), ', ' order by attnum),
            string_agg(
                format('rows.%1$I%2$s as %1$I', attname, case when is_array or type like '%(%' then '::' || type end),
                ', ' order by attnum
            )
        into packed_columns, packed_names, unpacked_columns
        from (
            select
                attname,
                attnum,
                format_type(atttypid, atttypmod) as type,
                format_type(atttypid, atttypmod) like '%[]' as is_array
            from pg_catalog.pg_attribute
            where
                attrelid = to_regclass('published.rows_of_' || mart)
                and attnum > 0
                and not attisdropped
                and attname not in ('portfolio_id', 'as_of_date', 'publication_id')
        ) as columns;

        execute format(
            'create table published.packed_%1$I as select publication_id, portfolio_id, as_of_date, %2$s '
            'from published.rows_of_%1$I group by portfolio_id, as_of_date, publication_id',
            mart,
            packed_columns
        );
        execute format(
            'alter table published.packed_%I add primary key (portfolio_id, as_of_date, publication_id)', mart
        );
        execute format('analyze published.packed_%I', mart);
        execute format(
            'create view published.%1$I as '
            'select packed.publication_id, packed.portfolio_id, packed.as_of_date, %2$s '
            'from published.packed_%1$I as packed '
            'cross join lateral unnest(%3$s) as rows (%4$s)',
            mart,
            unpacked_columns,
            regexp_replace(packed_names, '(^|, )', '\1packed.', 'g'),
            packed_names
        );

        foreach statement in array readers loop
            execute statement;
        end loop;
        execute format('drop table published.rows_of_%I', mart);
    end loop;
end
$$;
