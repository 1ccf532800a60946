-- The last run of a flow, whatever its outcome. Run as sigmasight_auth. One row of JSON, or none.
select
    json_build_object(
        'run_id', run_id,
        'kind', kind,
        'status', status,
        'phase', phase,
        'percent', percent,
        'started_at', to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'finished_at', to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'as_of_date', as_of_date
    ) as body
from ops.runs
order by run_id desc
limit 1
