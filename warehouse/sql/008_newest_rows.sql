-- The newest row per key of raw tables: what is known now. The staging models do the same as of an instant.
-- A view keeps the columns that its table had when it was created: change this file when a column is added.

-- With the tags, notes and spin-offs of positions. position_id determines portfolio_id; with both in the key, a filter on a portfolio reads only its rows.
create or replace view raw.newest_positions with (security_invoker = true) as
select distinct on (portfolio_id, position_id) *
from raw.positions
order by portfolio_id, position_id, load_id desc;

-- With the opening date.
create or replace view raw.newest_portfolios with (security_invoker = true) as
select distinct on (portfolio_id) *
from raw.portfolios
order by portfolio_id, load_id desc;

-- flow_id determines portfolio_id, as above. An amount of 0: the flow was removed.
create or replace view raw.newest_capital_flows with (security_invoker = true) as
select distinct on (portfolio_id, flow_id) *
from raw.capital_flows
order by portfolio_id, flow_id, load_id desc;

create or replace view raw.newest_calendar_days with (security_invoker = true) as
select distinct on (calendar_date) *
from raw.calendar_days
order by calendar_date, load_id desc;

create or replace view raw.newest_tag_attributes with (security_invoker = true) as
select distinct on (owner_email, tag) *
from raw.tag_attributes
order by owner_email, tag, load_id desc;
