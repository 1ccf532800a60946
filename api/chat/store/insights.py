"""Written briefings of a portfolio."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from api.chat.results import Figure
from api.chat.store.codec import storable, storable_json
from api.chat.store.message_records import LoggedQuery, read_messages
from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import InsightNotFound, MessageNotFound


@dataclass(frozen=True)
class NewInsight:
    """A briefing to store. message_id: the finished answer that wrote it."""

    portfolio_id: UUID
    message_id: UUID
    insight_type: str
    focus_area: str | None
    user_question: str | None
    title: str
    severity: str
    summary: str
    key_findings: Sequence[str]
    recommendations: Sequence[str]
    full_analysis: str
    data_limitations: str
    publication_id: int | None
    as_of_date: date | None


@dataclass(frozen=True)
class Insight(NewInsight):
    """A stored briefing, with the queries and figures of its answer."""

    insight_id: UUID
    created_at: datetime
    viewed_at: datetime | None
    dismissed_at: datetime | None
    rating: int | None
    comment: str | None
    queries: tuple[LoggedQuery, ...]
    figures: tuple[Figure, ...]


InsightPage = tuple[list[Insight], int]

COLUMNS = """
portfolio_id, message_id, insight_type, focus_area, user_question, title, severity, summary, key_findings,
recommendations, full_analysis, data_limitations, publication_id, as_of_date, insight_id, created_at,
viewed_at, dismissed_at, rating, comment
"""


class InsightStore:
    """Stores and reads briefings. Raises ChatUnavailable when the database is down."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, user_id: UUID, insight: NewInsight) -> Insight:
        """Store a briefing. Raises MessageNotFound if its answer is not a finished one of this user."""
        values = {name: _column(value) for name, value in vars(insight).items()}
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                insert into chat.insights (
                    user_id, portfolio_id, message_id, insight_type, focus_area, user_question, title,
                    severity, summary, key_findings, recommendations, full_analysis, data_limitations,
                    publication_id, as_of_date
                )
                select
                    user_id, %(portfolio_id)s, message_id, %(insight_type)s, %(focus_area)s,
                    %(user_question)s, %(title)s, %(severity)s, %(summary)s, %(key_findings)s,
                    %(recommendations)s, %(full_analysis)s, %(data_limitations)s, %(publication_id)s,
                    %(as_of_date)s
                from chat.messages
                where user_id = %(user_id)s and message_id = %(message_id)s and status = 'done'
                    and role = 'assistant'
                returning {COLUMNS}
                """,
                user_id=user_id,
                **values,
            )
            if row is None:
                raise MessageNotFound
            return await _insight(transaction, user_id, row)

    async def get(self, user_id: UUID, insight_id: UUID) -> Insight:
        """Return the briefing. Raises InsightNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                select {COLUMNS} from chat.insights
                where user_id = %(user_id)s and insight_id = %(insight_id)s
                """,
                user_id=user_id,
                insight_id=insight_id,
            )
            return await _insight(transaction, user_id, row)

    async def latest(
        self,
        user_id: UUID,
        portfolio_id: UUID,
        insight_type: str,
        focus_area: str | None = None,
        user_question: str | None = None,
    ) -> Insight | None:
        """Return the newest briefing that answers the same request; None without one."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                select {COLUMNS} from chat.insights
                where user_id = %(user_id)s and portfolio_id = %(portfolio_id)s
                    and insight_type = %(insight_type)s
                    and focus_area is not distinct from %(focus_area)s
                    and user_question is not distinct from %(user_question)s
                order by created_at desc, insight_id
                limit 1
                """,
                user_id=user_id,
                portfolio_id=portfolio_id,
                insight_type=insight_type,
                focus_area=focus_area,
                user_question=user_question,
            )
            return None if row is None else await _insight(transaction, user_id, row)

    async def update(
        self,
        user_id: UUID,
        insight_id: UUID,
        *,
        viewed: bool | None = None,
        dismissed: bool | None = None,
    ) -> Insight:
        """Mark as viewed or dismissed, or take that back; None changes nothing. Raises InsightNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                update chat.insights set
                    viewed_at = case %(viewed)s::boolean
                        when true then coalesce(viewed_at, now()) when false then null else viewed_at
                    end,
                    dismissed_at = case %(dismissed)s::boolean
                        when true then coalesce(dismissed_at, now()) when false then null else dismissed_at
                    end
                where user_id = %(user_id)s and insight_id = %(insight_id)s
                returning {COLUMNS}
                """,
                user_id=user_id,
                insight_id=insight_id,
                viewed=viewed,
                dismissed=dismissed,
            )
            return await _insight(transaction, user_id, row)

    async def rate(self, user_id: UUID, insight_id: UUID, rating: int, comment: str | None = None) -> Insight:
        """Store the user's rating, 1 to 5. Raises InsightNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                update chat.insights set rating = %(rating)s, comment = %(comment)s
                where user_id = %(user_id)s and insight_id = %(insight_id)s
                returning {COLUMNS}
                """,
                user_id=user_id,
                insight_id=insight_id,
                rating=rating,
                comment=storable(comment) if comment else None,
            )
            return await _insight(transaction, user_id, row)

    async def delete(self, user_id: UUID, insight_id: UUID) -> None:
        """Delete the briefing with the conversation that recorded it. Raises InsightNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            deleted = await transaction.run(
                """
                delete from chat.conversations
                where user_id = %(user_id)s and conversation_id in (
                    select m.conversation_id
                    from chat.insights as i
                    join chat.messages as m using (message_id)
                    where i.user_id = %(user_id)s and i.insight_id = %(insight_id)s
                )
                """,
                user_id=user_id,
                insight_id=insight_id,
            )
        if not deleted:
            raise InsightNotFound

    async def list(
        self,
        user_id: UUID,
        portfolio_id: UUID,
        limit: int,
        offset: int,
        *,
        insight_type: str | None = None,
        include_dismissed: bool = False,
    ) -> InsightPage:
        """Return a page of the portfolio's briefings, the newest first, and their number."""
        parameters = {
            "user_id": user_id,
            "portfolio_id": portfolio_id,
            "include_dismissed": include_dismissed,
            "insight_type": insight_type,
        }
        condition = """
            where user_id = %(user_id)s and portfolio_id = %(portfolio_id)s
                and (dismissed_at is null or %(include_dismissed)s)
                and (insight_type = %(insight_type)s or %(insight_type)s::text is null)
            """
        async with self._transactions.as_user(user_id) as transaction:
            rows = await transaction.rows(
                f"""
                select {COLUMNS} from chat.insights {condition}
                order by created_at desc, insight_id
                limit %(limit)s offset %(offset)s
                """,
                **parameters,
                limit=limit,
                offset=offset,
            )
            total = await transaction.row(f"select count(*) from chat.insights {condition}", **parameters)
            found = [await _insight(transaction, user_id, row) for row in rows]
        return found, 0 if total is None else total["count"]


def _column(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return Jsonb(storable_json(value)) if isinstance(value, list | tuple) else value


async def _insight(transaction: Transaction, user_id: UUID, row: dict[str, Any] | None) -> Insight:
    if row is None:
        raise InsightNotFound
    found = await transaction.row(
        """
        select conversation_id from chat.messages
        where user_id = %(user_id)s and message_id = %(message_id)s
        """,
        user_id=user_id,
        message_id=row["message_id"],
    )
    if found is None:
        raise InsightNotFound
    (answer,) = await read_messages(
        transaction,
        user_id,
        found["conversation_id"],
        condition="m.message_id = %(message_id)s",
        message_id=row["message_id"],
    )
    return Insight(**row, queries=answer.queries, figures=answer.figures)
