-- GET /analytics/portfolio/{id}/option-payoffs: what the open options are worth when they expire, by underlying and
-- expiration, over a range of prices. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, open_positions, position_quality
with judged as (
    select
        symbol,
        market_value,
        investment_class = 'PRIVATE' as is_private,
        is_cash_equivalent as is_cash,
        investment_class <> 'PRIVATE' as is_measured,
        false as is_limited,
        1 as data_days
    from described
),

expiries as (
    select
        underlying_symbol,
        expiration_date,
        max(spot) as spot,
        max(shares) as share_count,
        json_agg(
            json_build_object(
                'underlying_price', round(underlying_price, 4),
                'options_value', round(options_value, 2),
                'options_pnl', round(options_pnl, 2),
                'shares_value', round(shares_value, 2),
                'pnl', round(pnl, 2)
            )
            order by underlying_price
        ) as points
    from udf.portfolio_option_payoffs(%(portfolio_id)s::uuid, %(as_of_date)s::date)
    group by underlying_symbol, expiration_date
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'underlying_symbol', underlying_symbol,
                    'expiration_date', expiration_date,
                    'spot', round(spot, 4),
                    'shares', round(share_count, 6),
                    'points', points
                )
                order by underlying_symbol, expiration_date
            ),
            '[]'::json
        ) as body
    from expiries
),

checked as (
    select coalesce(positions_analyzed > 0, false) as is_available
    from position_quality
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', checked.is_available,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when checked.is_available then snapshot.as_of_date end,
            'payoffs', listed.body,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', position_quality.quality_flag,
                'message', concat_ws(
                    ' ',
                    case
                        when not checked.is_available
                            then 'No public positions: there is nothing to compute this from.'
                        when listed.row_count = 0 then 'No options are held.'
                        else 'Options are shown at their value when they expire.'
                    end,
                    position_quality.coverage_message,
                    snapshot.price_notice
                ),
                'positions_analyzed', position_quality.positions_analyzed,
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - position_quality.positions_analyzed,
                'data_days', case when checked.is_available then 1 else 0 end,
                'coverage_of_equity', round(position_quality.coverage_of_equity::numeric, 6),
                'positions_not_measured', coalesce(to_json(position_quality.positions_not_measured), '[]'::json)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
left join position_quality on true
left join checked on true
