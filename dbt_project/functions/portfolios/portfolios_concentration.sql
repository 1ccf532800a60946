select
    sum(share_of_gross * share_of_gross) as hhi,
    1 / sum(share_of_gross * share_of_gross) as effective_names,
    sum(share_of_gross) filter (where size_rank <= 3) as top_3_share,
    sum(share_of_gross) filter (where size_rank <= 10) as top_10_share,
    count(*) as symbol_count
from {{ udf('portfolios_symbol_shares') }}(portfolio_ids, portfolios_concentration.as_of_date)
where share_of_gross is not null
