-- Layout 4 renames two views of intermediate: what a window holds is named ..._in_window.

drop view if exists intermediate.int_built_correlations, intermediate.int_built_shocks cascade;
