-- Layout 4 renames two views of intermediate to ..._in_window; the next build creates them.

drop view if exists intermediate.int_built_correlations, intermediate.int_built_shocks cascade;
