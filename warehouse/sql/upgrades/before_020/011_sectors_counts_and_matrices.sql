-- From layout 11 on, values of positions are kept with the sector of their symbol, and changes of published figures are
-- counted whether they are listed or not. Rows published before get the sector of the profile that was valid on their
-- date, or else of the first one, as known to their publication; changes listed before are counted. The symbols of a
-- correlation matrix move from rows of fct_correlation_clusters without a cluster into an array of the portfolio's row.

do $$
begin
    if to_regclass('published.int_position_values') is not null then
        alter table published.int_position_values add column if not exists sector text;
    end if;
    if to_regclass('published.int_position_values') is not null
        and to_regclass('published.dim_company_profiles') is not null then
        with days as (
            select distinct pricing_symbol, as_of_date, publication_id
            from published.int_position_values
            where sector is null
        ),
        sectors as (
            select
                days.*,
                (
                    select profiles.sector
                    from (
                        select distinct on (versions.profile_date)
                            versions.profile_date,
                            versions.sector,
                            versions.is_removed
                        from published.dim_company_profiles as versions
                        where
                            versions.symbol = days.pricing_symbol
                            and versions.publication_id <= days.publication_id
                        order by versions.profile_date, versions.publication_id desc
                    ) as profiles
                    where not profiles.is_removed
                    order by
                        profiles.profile_date <= days.as_of_date desc,
                        abs(profiles.profile_date - days.as_of_date)
                    limit 1
                ) as sector
            from days
        )
        update published.int_position_values as position_values
        set sector = sectors.sector
        from sectors
        where
            sectors.sector is not null
            and position_values.pricing_symbol = sectors.pricing_symbol
            and position_values.as_of_date = sectors.as_of_date
            and position_values.publication_id = sectors.publication_id;
    end if;
end
$$;

insert into ops.restatement_counts
    (publication_id, mart, column_name, portfolio_id, from_date, to_date, change_count, listed_count, largest_change)
select
    publication_id,
    mart,
    column_name,
    portfolio_id,
    min(as_of_date),
    max(as_of_date),
    count(*),
    count(*),
    max(case
        when
            old_value ~ '^-?\d+(\.\d+)?(e[-+]\d+)?$' and new_value ~ '^-?\d+(\.\d+)?(e[-+]\d+)?$'
            then abs(new_value::double precision - old_value::double precision)
    end)
from ops.restatements
where not exists (select from ops.restatement_counts)
group by publication_id, mart, column_name, portfolio_id;

do $$
begin
    if to_regclass('published.fct_portfolio_correlation') is not null
        and to_regclass('published.fct_correlation_clusters') is not null then
        alter table published.fct_portfolio_correlation add column if not exists symbols text[];
        with matrices as (
            select
                portfolio_id,
                as_of_date,
                publication_id,
                array_agg(symbol order by symbol collate "C") as symbols
            from published.fct_correlation_clusters
            group by portfolio_id, as_of_date, publication_id
        )
        update published.fct_portfolio_correlation as rows
        set symbols = matrices.symbols
        from matrices
        where
            rows.portfolio_id = matrices.portfolio_id
            and rows.as_of_date = matrices.as_of_date
            and rows.publication_id = matrices.publication_id;
        -- a view over those rows, which the upgrade creates again
        drop view if exists published.fct_correlation_pairs cascade;
        delete from published.fct_correlation_clusters where cluster_id is null;
    end if;
end
$$;
