-- Layout 4 rounded prices to six decimals; from layout 5 on they keep the digits of their source. The columns become
-- `numeric` without a scale: no row is rewritten, and stored values compare equal, so that nothing is restated.

create temporary table price_columns on commit drop as
select
    columns.attrelid,
    columns.attname
from (
    values
    ('raw.prices', '{open, high, low, close, previous_close}'),
    ('raw.positions', '{entry_price, exit_price}'),
    ('raw.private_marks', '{price}'),
    ('raw.target_prices', '{target_price_eoy, target_price_next_year, downside_target_price}'),
    ('raw.option_quotes', '{bid, ask, last}'),
    ('published.fct_prices', '{open, high, low, close, previous_close}'),
    ('published.int_position_values', '{price}'),
    ('published.dim_positions', '{entry_price, exit_price}'),
    ('published.fct_target_prices', '{target_price_eoy, target_price_next_year, downside_target_price, price}'),
    ('published.fct_position_greeks', '{option_price}'),
    (
        'published.dim_company_profiles',
        '{week_52_high, week_52_low, target_mean_price, target_high_price, target_low_price}'
    )
) as tables (table_name, price_names)
inner join pg_catalog.pg_attribute as columns
    on
        columns.attrelid = to_regclass(tables.table_name)
        and columns.attname = any(tables.price_names::name [])
where format_type(columns.atttypid, columns.atttypmod) = 'numeric(38,6)';

do $$
declare
    statement text;
begin
    -- views over the tables, which the next build creates again
    for statement in
        select distinct format('drop view if exists %s cascade', rules.ev_class::regclass)
        from pg_catalog.pg_depend as dependencies
        inner join pg_catalog.pg_rewrite as rules on dependencies.objid = rules.oid
        inner join pg_catalog.pg_class as views on rules.ev_class = views.oid and views.relkind = 'v'
        where dependencies.refobjid in (select attrelid from price_columns)
    loop
        execute statement;
    end loop;
    for statement in
        select format(
            'alter table %s %s',
            attrelid::regclass,
            string_agg(format('alter column %I type numeric', attname), ', ')
        )
        from price_columns
        group by attrelid
    loop
        execute statement;
    end loop;
end
$$;

-- as in 008_newest_rows.sql, which does not run again
create or replace view raw.newest_positions with (security_invoker = true) as
select distinct on (portfolio_id, position_id) *
from raw.positions
order by portfolio_id, position_id, load_id desc;
