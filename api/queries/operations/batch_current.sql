-- GET /admin/batch/run/current: the flow run in progress. Run as sigmasight_auth. One row.
with current_run as (
    select
        run_id,
        kind,
        status,
        phase,
        percent,
        to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as started_at,
        to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at,
        floor(extract(epoch from clock_timestamp() - started_at))::bigint as elapsed_seconds,
        as_of_date,
        from_date,
        publication_id,
        steps,
        null::text as error -- written when it ends
    from ops.runs
    where status = 'running'
    order by run_id desc
    limit 1
)

select
    json_build_object(
        'running', exists (select from current_run),
        'run', (select to_json(current_run) from current_run)
    )::text as body
