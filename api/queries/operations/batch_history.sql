-- GET /admin/batch/history: the runs of the flows, newest first. Run as sigmasight_auth. One row.
with page as (
    select
        run_id,
        kind,
        status,
        phase,
        percent,
        to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as started_at,
        to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at,
        floor(extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at))::bigint as elapsed_seconds,
        as_of_date,
        from_date,
        publication_id,
        steps,
        -- it may name portfolios, owners and symbols
        case
            when error is null or status = 'abandoned' then error
            else concat(
                'The run ', case status when 'failed' then 'failed' else 'has a warning' end,
                '. The operator reads more in `sigmasight status`, of older runs in ops.runs.'
            )
        end as error
    from ops.runs
    order by run_id desc
    limit %(limit)s offset %(offset)s
)

select
    json_build_object(
        'runs', coalesce((select json_agg(page) from page), '[]'::json),
        'total', (select count(*) from ops.runs),
        'limit', %(limit)s::integer,
        'offset', %(offset)s::integer,
        'truncated', %(offset)s + (select count(*) from page) < (select count(*) from ops.runs)
    )::text as body
