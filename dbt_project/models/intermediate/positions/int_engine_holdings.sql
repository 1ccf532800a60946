-- Holdings with market exposure on the dates being built: the input of the engines in Python.
with holdings as (
    select * from {{ ref('int_portfolio_holdings') }}
    where not is_cash and known_positions > 0
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
),

final as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        holdings.symbol,
        profiles.sector,
        holdings.exposure,
        holdings.linear_exposure,
        holdings.linear_positions,
        holdings.gross_market_value,
        holdings.known_market_value,
        holdings.known_positions,
        scopes.equity
    from holdings
    inner join scopes
        on holdings.portfolio_id = scopes.portfolio_id and holdings.as_of_date = scopes.as_of_date
    left join profiles
        on
            holdings.symbol = profiles.symbol
            and holdings.as_of_date >= profiles.valid_from
            and holdings.as_of_date < profiles.valid_before
)

select * from final
