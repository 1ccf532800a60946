-- The data_quality of a response about a portfolio, from the query's CTE `quality`, which has one row or none.
with data_quality as (
    select
        json_build_object(
            'flag', coalesce(quality.quality_flag, 'no_factor_data'),
            'message', concat_ws(
                ' ',
                coalesce(quality.quality_message, 'Nothing of this was published for the session.'),
                snapshot.price_notice
            ),
            'positions_analyzed', coalesce(quality.positions_analyzed, 0),
            'positions_total', snapshot.position_count,
            'positions_skipped', snapshot.position_count - coalesce(quality.positions_analyzed, 0),
            'data_days', coalesce(quality.data_days, 0),
            'coverage_of_equity', round(quality.coverage_of_equity::numeric, 6),
            'positions_not_measured', coalesce(to_json(quality.positions_not_measured), '[]'::json)
        ) as body
    from snapshot
    left join quality on true
)

select *
from data_quality
