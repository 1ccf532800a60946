-- GET /data/portfolio/{id}/complete: everything a portfolio page needs, as of one session. Time series and attribution
-- cover the last max_days sessions up to it. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope, open_positions
with regression as (
    select min(min_observations) as min_observations
    from dim_factors
    where model = 'market'
),

-- A history that starts later has too few days for a regression, and is not complete even without gaps.
latest_start as (
    select as_of_date
    from dim_dates
    where
        is_trading_day
        and as_of_date <= %(as_of_date)s::date
        and as_of_date > %(as_of_date)s::date - 2 * (select min_observations from regression)
    order by as_of_date desc
    limit 1 offset (select min_observations - 1 from regression)
),

histories as materialized (
    select
        symbol,
        sessions_missing_252,
        first_price_date
    from fct_data_quality
    where symbol = any(array(select priced_symbol from described)) and as_of_date = %(as_of_date)s::date
),

-- Cash needs no prices.
open_positions as (
    select
        described.*,
        coalesce(
            described.price_source = 'cash'
            or (
                histories.sessions_missing_252 = 0
                and histories.first_price_date <= (select as_of_date from latest_start)
            ),
            false
        ) as has_complete_history
    from described
    left join histories
        on described.priced_symbol = histories.symbol and described.investment_class <> 'PRIVATE'
),

carried as (
    select
        symbol,
        array_agg(distinct tag order by tag) as tags
    from dim_position_tags
    where
        %(include_position_tags)s::boolean
        and portfolio_id = %(portfolio_id)s::uuid
        and valid_from <= %(as_of_date)s::date
        and (valid_before is null or valid_before > %(as_of_date)s::date)
    group by symbol
),

named as (
    select
        tag,
        tag_name,
        color
    from dim_tags
    where %(include_position_tags)s::boolean and portfolio_id = %(portfolio_id)s::uuid
),

risks as (
    select
        position_id,
        component,
        share,
        null_reason
    from fct_risk_contributions
    where
        %(include_holdings)s::boolean
        and portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and measure = 'volatility'
),

holdings as (
    select
        open_positions.position_id as id,
        open_positions.symbol,
        underlying_symbol,
        trim_scale(round(quantity, 6)) as quantity,
        position_type,
        investment_class,
        round(market_value, 2) as market_value,
        round(weight::numeric, 6) as weight,
        round(price, 4) as last_price,
        round(price, 4) as current_price,
        price_date,
        price_flag,
        price_source,
        round(cost_basis, 2) as cost_basis,
        round(unrealized_pnl, 2) as unrealized_pnl,
        round(daily_pnl, 2) as daily_pnl,
        round(contribution_to_return::numeric, 6) as contribution,
        contribution_null_reason,
        round(risks.component::numeric, 6) as risk_contribution,
        round(risks.share::numeric, 6) as risk_share,
        case when risks.position_id is null then 'not_published' else risks.null_reason end as risk_null_reason,
        has_complete_history,
        (
            select
                coalesce(json_agg(json_build_object(
                    'id', md5(%(user_id)s::text || '/' || all_tags.tag)::uuid,
                    'name', coalesce(named.tag_name, all_tags.tag),
                    'color', coalesce(
                        named.color,
                        (%(tag_colors)s::text[])[1 + (get_byte(decode(md5(all_tags.tag), 'hex'), 0) & 7)]
                    )
                ) order by coalesce(named.tag_name, all_tags.tag)), '[]'::json)
            from (
                select unnest(carried.tags) as tag
                union
                select unnest(open_positions.own_tags) as tag
                where %(include_position_tags)s::boolean
            ) as all_tags
            left join named on all_tags.tag = named.tag
        ) as tags
    from open_positions
    left join carried on open_positions.symbol = carried.symbol
    left join risks on open_positions.position_id = risks.position_id
    where %(include_holdings)s::boolean
    order by abs(open_positions.market_value) desc, open_positions.symbol, open_positions.position_id
    limit %(max_positions)s
),

-- Fetches one extra row, only to detect truncation.
recent as (
    select
        as_of_date,
        equity,
        capital_flow,
        daily_pnl,
        daily_return,
        row_number() over (order by as_of_date desc) as days_ago
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date <= %(as_of_date)s::date
    order by as_of_date desc
    limit %(max_days)s + 1
),

shown as (
    select * from recent
    where days_ago <= %(max_days)s
),

window_start as (
    select
        as_of_date as from_date,
        equity - daily_pnl - capital_flow as equity_before
    from shown
    order by as_of_date
    limit 1
),

symbol_pnl as (
    select
        position_values.symbol,
        sum(position_values.daily_pnl) as pnl
    from fct_position_values as position_values
    where
        %(include_attrib)s::boolean
        and position_values.portfolio_id = %(portfolio_id)s::uuid
        and position_values.as_of_date between (select from_date from window_start) and %(as_of_date)s::date
    group by position_values.symbol
),

ranked as (
    select
        symbol_pnl.symbol,
        symbol_pnl.pnl,
        case
            when window_start.equity_before > 0 then symbol_pnl.pnl / window_start.equity_before
        end as contribution,
        row_number() over (order by symbol_pnl.pnl desc, symbol_pnl.symbol) as gain_rank,
        row_number() over (order by symbol_pnl.pnl, symbol_pnl.symbol) as loss_rank
    from symbol_pnl
    cross join window_start
),

attribution as (
    select
        sum(pnl) as total_pnl,
        coalesce(
            json_agg(
                json_build_object('symbol', symbol, 'pnl', round(pnl, 2), 'contribution', round(contribution, 6))
                order by gain_rank
            ) filter (where pnl > 0 and gain_rank <= %(max_symbols)s),
            '[]'::json
        ) as contributors,
        coalesce(
            json_agg(
                json_build_object('symbol', symbol, 'pnl', round(pnl, 2), 'contribution', round(contribution, 6))
                order by loss_rank
            ) filter (where pnl < 0 and loss_rank <= %(max_symbols)s),
            '[]'::json
        ) as detractors,
        count(*) filter (where pnl > 0) > %(max_symbols)s or count(*) filter (where pnl < 0) > %(max_symbols)s
            as is_truncated
    from ranked
),

timeseries as (
    select
        count(*) as row_count,
        json_build_object(
            'dates', coalesce(json_agg(as_of_date order by as_of_date), '[]'::json),
            'values', coalesce(json_agg(round(equity, 2) order by as_of_date), '[]'::json),
            'daily_pnl', coalesce(json_agg(round(daily_pnl, 2) order by as_of_date), '[]'::json),
            'daily_return', coalesce(json_agg(round(daily_return::numeric, 6) order by as_of_date), '[]'::json)
        ) as body
    from shown
),

listed as (
    select
        count(*) as row_count,
        coalesce(json_agg(holdings), '[]'::json) as body
    from holdings
),

quality as (
    select
        count(*) filter (where has_complete_history) as complete_count,
        count(*) filter (where not has_complete_history) as partial_count
    from open_positions
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'meta', json_build_object(
                'as_of', snapshot.as_of_date,
                'requested', json_build_object(
                    'as_of_date', %(requested_date)s::date,
                    'include_holdings', %(include_holdings)s::boolean,
                    'include_position_tags', %(include_position_tags)s::boolean,
                    'include_timeseries', %(include_timeseries)s::boolean,
                    'include_attrib', %(include_attrib)s::boolean
                ),
                'applied', json_build_object(
                    'as_of_date', snapshot.as_of_date,
                    'include_holdings', %(include_holdings)s::boolean,
                    'include_position_tags', %(include_holdings)s::boolean and %(include_position_tags)s::boolean,
                    'include_timeseries', %(include_timeseries)s::boolean,
                    'include_attrib', %(include_attrib)s::boolean
                ),
                'limits', json_build_object(
                    'max_positions', %(max_positions)s::integer,
                    'max_days', %(max_days)s::integer,
                    'max_symbols', %(max_symbols)s::integer
                ),
                'rows_returned', json_build_object(
                    'holdings', listed.row_count,
                    'timeseries', case when %(include_timeseries)s::boolean then timeseries.row_count else 0 end,
                    'contributors', json_array_length(attribution.contributors),
                    'detractors', json_array_length(attribution.detractors)
                ),
                'truncated', json_build_object(
                    'holdings', %(include_holdings)s::boolean and snapshot.position_count > %(max_positions)s,
                    'timeseries', %(include_timeseries)s::boolean
                    and (select count(*) from recent) > %(max_days)s,
                    'attribution', attribution.is_truncated
                ),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice,
                'schema_version', %(schema_version)s::text
            ),
            'portfolio', json_build_object(
                'id', portfolio.portfolio_id,
                'name', portfolio.portfolio_name,
                'net_asset_value', round(snapshot.equity, 2),
                'total_value', round(snapshot.equity, 2),
                'equity_balance', round(snapshot.equity, 2),
                'cash_balance', round(snapshot.cash, 2),
                'initial_equity', round(portfolio.initial_equity, 2),
                'account_type', portfolio.account_type,
                'currency', portfolio.base_currency,
                'position_count', snapshot.position_count,
                'as_of', snapshot.as_of_date
            ),
            'positions_summary', json_build_object(
                'long_count', snapshot.long_count,
                'short_count', snapshot.short_count,
                'option_count', snapshot.option_count,
                'private_count', snapshot.private_count,
                'total_market_value', round(snapshot.net_market_value, 2)
            ),
            'holdings', case when %(include_holdings)s::boolean then listed.body end,
            'timeseries', case when %(include_timeseries)s::boolean then timeseries.body end,
            'attribution', case
                when %(include_attrib)s::boolean then json_build_object(
                    'from_date', window_start.from_date,
                    'to_date', snapshot.as_of_date,
                    'sessions', timeseries.row_count,
                    'total_pnl', round(coalesce(attribution.total_pnl, 0), 2),
                    'contributors', attribution.contributors,
                    'detractors', attribution.detractors
                )
            end,
            'data_quality', json_build_object(
                'complete_data_positions', quality.complete_count,
                'partial_data_positions', quality.partial_count,
                'as_of', snapshot.as_of_date
            )
        )
    end::text as body
from portfolio
cross join timeseries
cross join listed
cross join quality
cross join attribution
left join window_start on true
left join snapshot on true
