"""What the chat has cost per day, from the record of all users; without content."""

from datetime import date
from typing import Any

from api.chat.store.database import ChatStore

DAYS = """
with answers as (
    select
        m.message_id, m.status, m.input_tokens, m.output_tokens, m.first_token_ms,
        (m.created_at at time zone 'UTC')::date as day
    from chat.messages as m
    where m.role = 'assistant' and m.created_at >= %(since)s and m.status <> 'running'
),

figures as (
    select a.day, count(*) as figures, count(*) filter (where not f.verified) as unverified_figures
    from chat.figures as f
    join answers as a using (message_id)
    group by a.day
)

select
    a.day as usage_date,
    count(*) as answers,
    count(*) filter (where a.status = 'failed') as errors,
    count(*) filter (where a.status = 'cancelled') as cancelled,
    coalesce(sum(a.input_tokens), 0)::bigint as input_tokens,
    coalesce(sum(a.output_tokens), 0)::bigint as output_tokens,
    coalesce(max(f.figures), 0) as figures,
    coalesce(max(f.unverified_figures), 0) as unverified_figures,
    percentile_disc(0.5) within group (order by a.first_token_ms) as first_token_ms_p50,
    percentile_disc(0.95) within group (order by a.first_token_ms) as first_token_ms_p95
from answers as a
left join figures as f on a.day = f.day
group by a.day
order by a.day desc
"""


async def usage_by_day(store: ChatStore, since: date) -> list[dict[str, Any]]:
    """One row per day (UTC) with answers, the latest first; deleted conversations are not in it.

    Raises ChatUnavailable.
    """
    async with store.transactions.as_operator() as transaction:
        return [dict(row) for row in await transaction.rows(DAYS, since=since)]
