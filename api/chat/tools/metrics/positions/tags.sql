-- The tags in force at the session and the symbols that have them.
select
    portfolios.portfolio_name,
    tags.tag,
    tags.symbol,
    tags.is_automatic,
    tags.valid_from
from dim_position_tags as tags
inner join dim_portfolios as portfolios on tags.portfolio_id = portfolios.portfolio_id
where
    tags.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and tags.valid_from <= %(as_of_date)s::date
    and (tags.valid_before is null or tags.valid_before > %(as_of_date)s::date)
order by portfolios.portfolio_name, tags.tag, tags.symbol
