-- Windows that did not match once gave SPY a beta of 1.067 to itself: the market must have beta 1 to itself and 0 to
-- all factors orthogonal to it, to the last bit.
with betas as (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true) }}) as tested
),

market as (
    select distinct proxy_symbol as symbol from {{ ref('factors') }}
    where factor = 'Market'
)

select betas.*
from betas
inner join market on betas.symbol = market.symbol
where betas.beta <> case when betas.factor = 'Market' then 1 else 0 end
