-- Target prices in force on a session, and the returns they imply. `part` selects the response:
--   list      GET /target-prices/{portfolio_id}: a page of a bare array, by symbol
--   summary   GET /target-prices/{portfolio_id}/summary: the portfolio's totals with that array
--   one       GET /target-prices/target/{id}: one of the array
-- Returns, weights and contributions are in percent. A target's id is md5('target/' portfolio_id '/' symbol) as a uuid.
-- contribution_to_portfolio_risk is the absolute weight times the symbol's annualized volatility (63 sessions): its
-- standalone risk, without diversification. No row: not this user's, or no such target. Null body: the portfolio begins
-- after the session.
with portfolios as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
    where %(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

targets as materialized (
    select
        *,
        md5(concat_ws('/', 'target', portfolio_id, symbol))::uuid as id
    from fct_target_prices
    where
        portfolio_id = any(array(select portfolio_id from portfolios))
        and as_of_date = %(as_of_date)s::date
        and (%(symbol)s::text is null or symbol = %(symbol)s::text)
        and (
            %(target_id)s::uuid is null
            or md5(concat_ws('/', 'target', portfolio_id, symbol))::uuid = %(target_id)s::uuid
        )
),

-- All lots of a symbol share one target; position_id is set if there is a single lot.
lots as (
    select
        portfolio_id,
        symbol,
        case when count(*) = 1 then (array_agg(position_id))[1] end as position_id,
        case when count(distinct position_type) = 1 then min(position_type) end as position_type,
        array_agg(distinct position_type) as position_types,
        min(price) as price,
        min(price_date) as price_date,
        bool_or(price_source = 'simulated') as has_simulated_prices
    from fct_position_values
    where
        portfolio_id = any(array(select portfolio_id from targets))
        and as_of_date = %(as_of_date)s::date
        and is_open
    group by portfolio_id, symbol
),

symbol_risk as (
    select
        symbol,
        realized_volatility_63d
    from fct_symbol_risk
    where
        symbol = any(array(select symbol from targets))
        and as_of_date = %(as_of_date)s::date
),

priced as (
    select
        targets.*,
        lots.position_id,
        lots.position_type,
        lots.has_simulated_prices,
        coalesce(targets.price, lots.price) as current_price,
        coalesce(targets.price_date, lots.price_date) as current_price_date,
        symbol_risk.realized_volatility_63d,
        abs(targets.market_value) * targets.expected_return_eoy::numeric as eoy_dollars,
        abs(targets.market_value) * targets.expected_return_next_year::numeric as next_year_dollars,
        abs(targets.market_value) * targets.downside_return::numeric as downside_dollars
    from targets
    inner join lots on targets.portfolio_id = lots.portfolio_id and targets.symbol = lots.symbol
    left join symbol_risk on targets.symbol = symbol_risk.symbol
    where %(position_type)s::text is null or %(position_type)s::text = any(lots.position_types)
),

rows_to_show as (
    select
        id,
        portfolio_id,
        position_id,
        symbol,
        position_type,
        round(target_price_eoy, 4) as target_price_eoy,
        round(target_price_next_year, 4) as target_price_next_year,
        round(downside_target_price, 4) as downside_target_price,
        round(current_price, 4) as current_price,
        round(100 * expected_return_eoy::numeric, 4) as expected_return_eoy,
        round(100 * expected_return_next_year::numeric, 4) as expected_return_next_year,
        round(100 * downside_return::numeric, 4) as downside_return,
        round(eoy_dollars, 2) as target_upside_eoy_value,
        round(next_year_dollars, 2) as target_upside_next_year_value,
        round(downside_dollars, 2) as target_downside_value,
        round(100 * position_weight::numeric, 4) as position_weight,
        round(100 * contribution_to_portfolio_return::numeric, 4) as contribution_to_portfolio_return,
        round((100 * abs(position_weight) * realized_volatility_63d)::numeric, 4) as contribution_to_portfolio_risk,
        null_reason,
        price_flag,
        effective_date,
        to_char(
            (current_price_date + time '16:00') at time zone 'America/New_York' at time zone 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as price_updated_at,
        to_char(
            coalesce(target_created_at, target_updated_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as created_at,
        to_char(target_updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated_at,
        case when has_simulated_prices then 'simulated' else 'loaded' end as price_source
    from priced
),

page as (
    select * from rows_to_show
    order by symbol
    limit %(limit)s::bigint offset %(offset)s::bigint
),

listed as (
    select coalesce(json_agg(page order by symbol), '[]'::json) as body
    from page
),

-- A target without a price to compute the expected return from does not count as coverage.
sums as (
    select
        coalesce(sum(position_count) filter (where expected_return_eoy is not null), 0) as position_count,
        sum(contribution_to_portfolio_return)::numeric as return_eoy,
        sum(abs(position_weight) * expected_return_next_year)::numeric as return_next_year,
        sum(abs(position_weight) * downside_return)::numeric as downside_return,
        sum(eoy_dollars) as eoy_dollars,
        sum(next_year_dollars) as next_year_dollars,
        sum(downside_dollars) as downside_dollars,
        max(target_updated_at) as updated_at
    from priced
),

ratios as (
    select
        expected_sharpe_ratio as sharpe,
        expected_sortino_ratio as sortino
    from udf.portfolios_target_ratios(array[%(portfolio_id)s::uuid], %(as_of_date)s::date)
)

select
    case
        when %(part)s::text = 'one' then listed.body -> 0
        when snapshot.portfolio_id is null then null
        when %(part)s::text = 'list' then listed.body
        else json_build_object(
            'portfolio_id', snapshot.portfolio_id,
            'portfolio_name', (select portfolio_name from portfolios),
            'as_of', snapshot.as_of_date,
            'total_positions', snapshot.position_count,
            'positions_with_targets', sums.position_count,
            'coverage_percentage', coalesce(
                round(100 * sums.position_count / nullif(snapshot.position_count, 0)::numeric, 2), 0
            ),
            'weighted_expected_return_eoy', round(100 * sums.return_eoy, 4),
            'weighted_expected_return_next_year', round(100 * sums.return_next_year, 4),
            'weighted_downside_return', round(100 * sums.downside_return, 4),
            'target_upside_eoy_dollars', round(sums.eoy_dollars, 2),
            'target_upside_next_year_dollars', round(sums.next_year_dollars, 2),
            'target_downside_dollars', round(sums.downside_dollars, 2),
            'weighted_expected_return_eoy_dollars', round(sums.eoy_dollars, 2)::text,
            'weighted_expected_return_next_year_dollars', round(sums.next_year_dollars, 2)::text,
            'weighted_downside_return_dollars', round(sums.downside_dollars, 2)::text,
            'expected_sharpe_ratio', round(ratios.sharpe, 6),
            'expected_sortino_ratio', round(ratios.sortino, 6),
            'target_prices', listed.body,
            'last_updated', to_char(sums.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
        )
    end::text as body
from listed
cross join sums
left join ratios on true
left join snapshot on true
where
    case
        when %(part)s::text = 'one' then exists (select from rows_to_show)
        else exists (select from portfolios)
    end
