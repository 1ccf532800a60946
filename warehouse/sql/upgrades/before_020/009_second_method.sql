-- Layout 9 changes the method: the factor models, stress, forecasts and coverage of docs/method.md. All of history is
-- built again, and published with the changes listed in fct_restatements.

insert into ops.rebuilds (reason) values ('the method changed: factor models, stress, forecasts, coverage');
