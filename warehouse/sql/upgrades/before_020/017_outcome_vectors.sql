-- From layout 17 on, the outcomes of what is held are published as vectors (fct_instrument_outcomes), returns are attributed
-- (fct_attribution_daily), and options on stocks and funds are American. All of history is built again, so that the past has
-- them.

insert into ops.rebuilds (reason) values ('outcome vectors, attribution and American options are published');
