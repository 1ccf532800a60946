-- From layout 18 on, symbols that no portfolio holds have outcome vectors and stress too (fct_symbol_outcomes,
-- fct_symbol_stress), with which what-ifs buy them. All of history is built again, so that the past has them.

insert into ops.rebuilds (reason) values ('symbols that nobody holds have outcomes and stress');
