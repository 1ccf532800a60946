-- From layout 17 on, the outcomes of what is held are published as vectors (fct_instrument_outcomes). All of history is
-- built again, so that those of the past are there.

insert into ops.rebuilds (reason) values ('outcome vectors of what is held are published');
