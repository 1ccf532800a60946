-- The largest symbols of the portfolios together, by gross exposure, as JSON.
with top_positions as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'symbol', symbols.symbol,
                    'market_value', round(symbols.net_exposure, 2),
                    'gross_exposure', round(symbols.gross_exposure, 2),
                    'weight', round(symbols.net_exposure / nullif(greatest(totals.equity, 0), 0), 6),
                    'share_of_gross', round(symbols.share_of_gross, 6)
                )
                order by symbols.size_rank
            ),
            '[]'::json
        ) as body
    from udf.portfolios_symbol_shares(array(select portfolio_id from snapshots), %(as_of_date)s::date) as symbols
    cross join totals
    where symbols.size_rank <= %(top_positions)s
)

select *
from top_positions
