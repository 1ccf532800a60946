-- Layout 4 renames views of intermediate (what a window holds is named ..._in_window) and the key of a stock or an
-- option contract, which is instrument_id throughout.

drop view if exists
intermediate.int_built_correlations, intermediate.int_built_shocks, published.fct_position_values cascade;

alter table published.int_position_values rename column security to instrument_id;
alter table published.fct_position_greeks rename column security to instrument_id;
alter table published.int_security_stress rename column contract to instrument_id;
