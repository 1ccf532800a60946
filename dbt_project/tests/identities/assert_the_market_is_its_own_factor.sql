-- An older system had SPY at 1.067 to itself, from windows that did not match: the market has beta 1 to itself and 0
-- to whatever is measured beyond it, to the last bit.
with betas as (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true) }}) as tested
    where model in ('market', 'rates', 'risk')
),

market as (
    select distinct proxy_symbol as symbol from {{ ref('factors') }}
    where factor = 'Market'
)

select betas.*
from betas
inner join market on betas.symbol = market.symbol
where betas.beta <> case when betas.factor = 'Market' then 1 else 0 end
