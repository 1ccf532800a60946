-- Layout 1 stored each published fact twice: in a table of intermediate and in a copy, published.pub_<name>. From
-- layout 2 on a mart is one table, published.<mart>, and publications cover portfolios by date.
-- Publications, their rows and dates, and restatements stay unchanged. The readers' views are created again by the
-- build that `sigmasight upgrade` runs next.

-- Drop the readers' views, and the schemas that a build fills again.
do $$
declare
    view_name text;
begin
    for view_name in
        select format('%I.%I', schemaname, viewname)
        from pg_catalog.pg_views
        where schemaname in ('marts', 'marts_history', 'marts_at', 'published')
    loop
        execute 'drop view if exists ' || view_name || ' cascade';
    end loop;
end
$$;
drop schema intermediate cascade;
create schema intermediate;
drop schema staging cascade;
create schema staging;

-- Rename each table to its mart, keyed by the grain and the publication. The keys are those of layout 2.
do $$
declare
    moved record;
    index_name text;
begin
    for moved in
        select * from (
            values
            ('pub_benchmark_sectors', 'dim_benchmark_sectors', 'benchmark, effective_date, sector'),
            ('pub_capital_flows', 'fct_capital_flows', 'portfolio_id, flow_id'),
            ('pub_company_profiles', 'dim_company_profiles', 'symbol, profile_date'),
            ('pub_correlation_members', 'fct_correlation_clusters', 'portfolio_id, as_of_date, symbol'),
            ('pub_correlation_repairs', 'int_correlation_repairs', 'portfolio_id, as_of_date, symbol_1, symbol_2'),
            ('pub_data_quality', 'fct_data_quality', 'symbol, as_of_date'),
            ('pub_dates', 'dim_dates', 'as_of_date'),
            ('pub_exposures_by_group', 'fct_exposures_by_group', 'portfolio_id, as_of_date, dimension, bucket'),
            ('pub_factor_correlations', 'fct_factor_correlations', 'as_of_date, model, factor_1, factor_2'),
            ('pub_factors', 'dim_factors', 'model, factor'),
            ('pub_forecast_evaluation', 'fct_forecast_evaluation', 'portfolio_id, as_of_date, forecast'),
            ('pub_portfolio_correlation', 'fct_portfolio_correlation', 'portfolio_id, as_of_date'),
            ('pub_portfolio_exposures', 'fct_portfolio_exposures', 'portfolio_id, as_of_date'),
            (
                'pub_portfolio_factor_exposures', 'fct_portfolio_factor_exposures',
                'portfolio_id, as_of_date, model, factor'
            ),
            ('pub_portfolio_greeks', 'fct_portfolio_greeks', 'portfolio_id, as_of_date'),
            ('pub_portfolio_risk', 'fct_portfolio_risk', 'portfolio_id, as_of_date'),
            ('pub_portfolio_snapshots', 'fct_portfolio_snapshots', 'portfolio_id, as_of_date'),
            ('pub_portfolio_stress', 'fct_portfolio_stress', 'portfolio_id, as_of_date, scenario_id'),
            ('pub_portfolios', 'dim_portfolios', 'portfolio_id'),
            ('pub_position_greeks', 'fct_position_greeks', 'portfolio_id, as_of_date, position_id'),
            ('pub_position_tags', 'dim_position_tags', 'portfolio_id, symbol, tag, is_automatic, valid_from'),
            ('pub_position_values', 'int_position_values', 'portfolio_id, as_of_date, position_id'),
            ('pub_positions', 'dim_positions', 'portfolio_id, position_id'),
            ('pub_prices', 'fct_prices', 'symbol, as_of_date'),
            ('pub_scenario_shocks', 'int_scenario_shocks', 'as_of_date, scenario_id, factor'),
            ('pub_scenarios', 'dim_scenarios', 'scenario_id, factor'),
            ('pub_security_stress', 'int_security_stress', 'as_of_date, contract, scenario_id'),
            ('pub_symbol_correlations', 'int_symbol_correlations', 'as_of_date, symbol_1, symbol_2'),
            ('pub_symbol_factor_betas', 'fct_symbol_factor_betas', 'symbol, as_of_date, model, factor'),
            ('pub_symbol_risk', 'fct_symbol_risk', 'symbol, as_of_date'),
            ('pub_symbols', 'dim_symbols', 'symbol'),
            ('pub_target_prices', 'fct_target_prices', 'portfolio_id, as_of_date, symbol'),
            ('pub_treasury_rates', 'fct_treasury_rates', 'series, rate_date'),
            ('pub_var_backtest', 'fct_var_backtest', 'portfolio_id, as_of_date, confidence')
        ) as tables (old_name, new_name, grain)
        where to_regclass('published.' || old_name) is not null
    loop
        for index_name in
            select format('%I.%I', schemaname, indexname)
            from pg_catalog.pg_indexes
            where schemaname = 'published' and tablename = moved.old_name
        loop
            execute 'drop index ' || index_name;
        end loop;
        -- leftovers of builds that were never published
        execute format(
            'delete from published.%I where publication_id > (select coalesce(max(publication_id), 0) from ops.publications)',
            moved.old_name
        );
        execute format('alter table published.%I rename to %I', moved.old_name, moved.new_name);
        execute format('alter table published.%I add primary key (%s, publication_id)', moved.new_name, moved.grain);
    end loop;
end
$$;

-- Weights move to fct_position_values; data quality becomes versioned.
alter table if exists published.int_position_values drop column if exists weight, drop column if exists weight_null_reason;
do $$
begin
    if to_regclass('published.fct_data_quality') is not null then
        alter table published.fct_data_quality add column is_removed boolean not null default false;
    end if;
    if to_regclass('published.pub_restatements') is not null then
        insert into ops.restatements
            (publication_id, as_of_date, mart, key, portfolio_id, column_name, old_value, new_value)
        select publication_id, as_of_date, mart, key, portfolio_id, column_name, old_value, new_value
        from published.pub_restatements
        where publication_id in (select publication_id from ops.publications);
        drop table published.pub_restatements;
    end if;
    if to_regclass('published.fct_portfolio_snapshots') is not null then
        insert into ops.portfolio_dates (portfolio_id, as_of_date, publication_id, published_at, superseded_at)
        select snapshots.portfolio_id, dates.as_of_date, dates.publication_id, dates.published_at, dates.superseded_at
        from published.fct_portfolio_snapshots as snapshots
        join ops.publication_dates as dates using (as_of_date, publication_id)
        on conflict do nothing;
    end if;
end
$$;

delete from ops.built_projects;
