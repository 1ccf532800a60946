-- The open positions at the close, the largest first. Shares have a delta of one each, as in fct_portfolio_greeks.
-- measured: the risk model has betas of the symbol (of an option, also a delta); cash has no risk to measure.
-- with open_positions
with greeks as (
    select *
    from fct_position_greeks
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

described_positions as materialized (
    select *
    from dim_positions
    where portfolio_id = any(array(select portfolio_id from described))
),

companies as (
    select distinct on (symbol)
        symbol,
        name,
        industry
    from dim_company_profiles
    where
        symbol = any(array(select priced_symbol from described))
        and (profile_date <= %(as_of_date)s::date or is_first)
    order by symbol asc, profile_date desc
),

covered as (
    select distinct symbol
    from fct_symbol_factor_betas
    where
        symbol = any(array(select priced_symbol from described))
        and as_of_date = %(as_of_date)s::date
        and model = 'risk'
),

carried as (
    select
        symbol,
        array_agg(distinct tag order by tag) as tags
    from dim_position_tags
    where
        portfolio_id = %(portfolio_id)s::uuid
        and valid_from <= %(as_of_date)s::date
        and (valid_before is null or valid_before > %(as_of_date)s::date)
    group by symbol
),

named_tags as (
    select
        described.position_id,
        string_agg(coalesce(dim_tags.tag_name, all_tags.tag), '; ' order by coalesce(dim_tags.tag_name, all_tags.tag))
            as tags
    from described
    left join carried on described.symbol = carried.symbol
    cross join
        lateral (
            select unnest(carried.tags) as tag
            union
            select unnest(described.own_tags) as tag
        ) as all_tags
    left join dim_tags on dim_tags.portfolio_id = %(portfolio_id)s::uuid and all_tags.tag = dim_tags.tag
    group by described.position_id
)

select
    described.position_id,
    described.symbol,
    companies.name,
    described.quantity,
    described.cost_basis / nullif(described.quantity * described_positions.contract_multiplier, 0) as entry_price,
    described.price as current_price,
    described.market_value,
    described.cost_basis,
    described.unrealized_pnl,
    described.realized_pnl,
    described.daily_pnl,
    described.cumulative_pnl as total_pnl,
    case
        when described.investment_class = 'OPTIONS' then greeks.position_delta
        when described.is_cash_equivalent then 0
        when described.investment_class = 'PUBLIC' then described.quantity::double precision
    end as delta,
    case described.investment_class when 'OPTIONS' then greeks.position_gamma when 'PUBLIC' then 0 end as gamma,
    case described.investment_class when 'OPTIONS' then greeks.position_theta when 'PUBLIC' then 0 end as theta,
    case described.investment_class when 'OPTIONS' then greeks.position_vega when 'PUBLIC' then 0 end as vega,
    case described.investment_class when 'OPTIONS' then greeks.position_rho when 'PUBLIC' then 0 end as rho,
    case
        when described.investment_class = 'OPTIONS' then coalesce(greeks.null_reason, 'no_volatility')
        else 'private_position'
    end as greeks_null_reason,
    described.underlying_symbol,
    described_positions.strike_price,
    described_positions.expiration_date,
    described.position_type,
    described_positions.expiration_date - described.as_of_date as days_to_expiry,
    described.sector,
    companies.industry,
    named_tags.tags,
    described_positions.entry_date,
    case when described_positions.exit_date <= described.as_of_date then described_positions.exit_date end as exit_date,
    described_positions.notes,
    case when described.is_cash_equivalent then 0 else abs(described.market_value) end as gross_exposure,
    case when described.is_cash_equivalent then 0 else described.market_value end as net_exposure,
    case
        when described.investment_class = 'OPTIONS'
            then described.quantity * described_positions.contract_multiplier * greeks.underlying_price::numeric
        else described.market_value
    end as notional,
    described.weight as portfolio_weight,
    described.weight_null_reason,
    described.delta_adjusted_exposure as position_exposure,
    described.delta_adjusted_null_reason,
    described.price_flag,
    case
        when described.is_cash_equivalent then 1
        when described.investment_class = 'PRIVATE' then 0
        when described.delta_adjusted_exposure is null then 0
        when covered.symbol is null then 0
        else 1
    end as coverage,
    described.investment_class
from described
inner join described_positions on described.position_id = described_positions.position_id
left join greeks on described.position_id = greeks.position_id
left join companies on described.priced_symbol = companies.symbol
left join covered on described.priced_symbol = covered.symbol
left join named_tags on described.position_id = named_tags.position_id
order by abs(described.market_value) desc, described.symbol, described.position_id
