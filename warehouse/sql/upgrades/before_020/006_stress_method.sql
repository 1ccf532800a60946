-- Layout 6: scenarios are log moves of factors, and what each factor contributes to a portfolio's P&L is stored
-- instead of computed from exposure times shock, which stays the content of what was published before. Columns that no
-- longer exist are dropped: inputs of other marts, not shown to readers.

drop view if exists
published.fct_stress_factor_impacts, published.fct_position_stress,
intermediate.int_shocks_in_window, intermediate.int_stress_inputs cascade;

do $$
begin
    if to_regclass('published.int_scenario_shocks') is null then
        return; -- nothing was ever published
    end if;

    alter table published.int_scenario_shocks add column if not exists factor_number integer;
    update published.int_scenario_shocks as shocks
    set factor_number = numbered.factor_number
    from (
        select
            publication_id,
            as_of_date,
            scenario_id,
            factor,
            row_number() over (
                partition by publication_id, as_of_date, scenario_id order by factor collate "C"
            ) as factor_number
        from published.int_scenario_shocks
    ) as numbered
    where
        shocks.publication_id = numbered.publication_id
        and shocks.as_of_date = numbered.as_of_date
        and shocks.scenario_id = numbered.scenario_id
        and shocks.factor = numbered.factor;

    create table if not exists published.int_portfolio_factor_stress as
    select
        exposures.publication_id,
        exposures.portfolio_id,
        exposures.as_of_date,
        shocks.scenario_id,
        array_agg(0 + exposures.dollar_exposure * coalesce(shocks.shock, 0) order by shocks.factor_number) as direct_pnl,
        array_agg(0 + exposures.dollar_exposure * shocks.correlated_shock order by shocks.factor_number) as correlated_pnl
    from published.fct_portfolio_factor_exposures as exposures
    inner join published.int_scenario_shocks as shocks
        on
            exposures.as_of_date = shocks.as_of_date
            and exposures.publication_id = shocks.publication_id
            and exposures.factor = shocks.factor
    where exposures.model = 'risk'
    group by exposures.publication_id, exposures.portfolio_id, exposures.as_of_date, shocks.scenario_id;

    alter table published.int_security_stress
    drop column if exists direct_linear_pnl,
    drop column if exists correlated_linear_pnl,
    drop column if exists is_floored;
end
$$;
