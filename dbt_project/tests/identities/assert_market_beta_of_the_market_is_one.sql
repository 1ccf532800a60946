-- An older system had SPY at 1.067 to itself, from windows that did not match.
with betas as (
    select * from {{ ref('int_symbol_factor_betas') }}
    where {{ in_window() }}
),

factors as (
    select * from {{ ref('factors') }}
    where factor = 'Market'
)

select betas.*
from betas
inner join factors
    on betas.model = factors.model and betas.factor = factors.factor and betas.symbol = factors.proxy_symbol
where betas.beta <> 1
