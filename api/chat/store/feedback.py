"""Feedback on answers, and what it proposes: example questions and preferences, for a reviewer to activate.

An answer with a thumb up whose figures are all verified becomes a candidate example: its question with the
statements that its figures stand on. Corrections become preferences (see api.chat.store.preferences).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from api.chat.store.codec import storable
from api.chat.store.preferences import weigh
from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import FeedbackNotFound, MessageNotFound

Rating = Literal["up", "down"]

COLUMNS = "message_id, rating, edited_text, comment, created_at, updated_at"
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
UUID_PLACEHOLDER = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class MessageFeedback:
    """A user's feedback on one answer. edited_text: what the answer should have been."""

    message_id: UUID
    rating: Rating
    edited_text: str | None
    comment: str | None
    created_at: datetime
    updated_at: datetime


class Feedback:
    """Stores feedback and what follows from it. Raises ChatUnavailable when the database is down."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def put(
        self,
        user_id: UUID,
        message_id: UUID,
        rating: Rating,
        edited_text: str | None = None,
        comment: str | None = None,
    ) -> MessageFeedback:
        """Store the feedback on a finished answer, in place of an earlier one. Raises MessageNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            await _check_answer(transaction, user_id, message_id)
            row = await transaction.row(
                f"""
                insert into chat.feedback (message_id, user_id, rating, edited_text, comment)
                values (%(message_id)s, %(user_id)s, %(rating)s, %(edited_text)s, %(comment)s)
                on conflict (message_id) do update set
                    rating = excluded.rating, edited_text = excluded.edited_text,
                    comment = excluded.comment, updated_at = now()
                returning {COLUMNS}
                """,
                user_id=user_id,
                message_id=message_id,
                rating=rating,
                edited_text=storable(edited_text) if edited_text else None,
                comment=storable(comment) if comment else None,
            )
            await _learn(transaction, user_id, message_id)
        return _feedback(row)

    async def get(self, user_id: UUID, message_id: UUID) -> MessageFeedback:
        """Return the feedback on an answer. Raises MessageNotFound or FeedbackNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            await _check_answer(transaction, user_id, message_id)
            row = await transaction.row(
                f"""
                select {COLUMNS} from chat.feedback
                where user_id = %(user_id)s and message_id = %(message_id)s
                """,
                user_id=user_id,
                message_id=message_id,
            )
        return _feedback(row)

    async def delete(self, user_id: UUID, message_id: UUID) -> None:
        """Delete the feedback, and what was proposed because of it.

        Raises MessageNotFound or FeedbackNotFound.
        """
        async with self._transactions.as_user(user_id) as transaction:
            await _check_answer(transaction, user_id, message_id)
            deleted = await transaction.run(
                "delete from chat.feedback where user_id = %(user_id)s and message_id = %(message_id)s",
                user_id=user_id,
                message_id=message_id,
            )
            await _learn(transaction, user_id, message_id)
        if not deleted:
            raise FeedbackNotFound


async def _check_answer(transaction: Transaction, user_id: UUID, message_id: UUID) -> None:
    row = await transaction.row(
        """
        select from chat.messages
        where user_id = %(user_id)s and message_id = %(message_id)s and role = 'assistant' and is_finished
        """,
        user_id=user_id,
        message_id=message_id,
    )
    if row is None:
        raise MessageNotFound


async def _learn(transaction: Transaction, user_id: UUID, message_id: UUID) -> None:
    """Bring the candidate example of the answer and the user's preferences up to date with the feedback."""
    await _learn_example(transaction, user_id, message_id)
    await learn_preferences(transaction, user_id)


EXAMPLE_OF_ANSWER = """
select question.content as question, cited.statements
from chat.messages as answer
join chat.messages as question on question.run_id = answer.run_id and question.role = 'user'
join chat.feedback as f on f.message_id = answer.message_id and f.rating = 'up' and f.edited_text is null
cross join lateral (
    select json_agg(statement order by position) as statements
    from chat.queries
    where query_id in (select query_id from chat.figures where message_id = answer.message_id)
) as cited
where answer.user_id = %(user_id)s and answer.message_id = %(message_id)s and answer.status = 'done'
    and cited.statements is not null
    and not exists (select from chat.figures where message_id = answer.message_id and not verified)
"""


async def _learn_example(transaction: Transaction, user_id: UUID, message_id: UUID) -> None:
    of_answer = {"user_id": user_id, "message_id": message_id}
    found = await transaction.row(EXAMPLE_OF_ANSWER, **of_answer)
    if found is None:
        await transaction.run(
            "delete from chat.examples where user_id = %(user_id)s and message_id = %(message_id)s",
            **of_answer,
        )
        return
    statements = [UUIDS.sub(UUID_PLACEHOLDER, statement) for statement in found["statements"]]
    await transaction.run(
        """
        insert into chat.examples (user_id, message_id, question, statements, origin, state)
        values (%(user_id)s, %(message_id)s, %(question)s, %(statements)s, 'feedback', 'candidate')
        on conflict (message_id) do nothing
        """,
        question=found["question"],
        statements=Jsonb(statements),
        **of_answer,
    )


async def learn_preferences(transaction: Transaction, user_id: UUID) -> None:
    """Weigh the user's corrections again: reviewed preferences keep their state, unsupported ones go."""
    corrections = await transaction.rows(
        """
        select m.content, f.edited_text
        from chat.feedback as f
        join chat.messages as m using (message_id)
        where f.user_id = %(user_id)s and f.edited_text is not null
        order by f.updated_at desc
        limit 500
        """,
        user_id=user_id,
    )
    weighed = weigh((row["content"], row["edited_text"]) for row in corrections)
    await _forget_unsupported(transaction, user_id, [preference.rule for preference in weighed])
    await transaction.run_many(
        """
        insert into chat.preferences (user_id, rule, evidence_count, confidence, state)
        select * from jsonb_to_recordset(%(rows)s) as preference (
            user_id uuid, rule text, evidence_count integer, confidence numeric, state text
        )
        on conflict (user_id, rule) do update set
            evidence_count = excluded.evidence_count, confidence = excluded.confidence,
            state = case
                when preferences.state in ('active', 'retired') then preferences.state else excluded.state
            end
        """,
        [
            {
                "user_id": user_id,
                "rule": preference.rule,
                "evidence_count": preference.evidence_count,
                "confidence": preference.confidence,
                "state": "proposed" if preference.is_proposed else "candidate",
            }
            for preference in weighed
        ],
    )


async def _forget_unsupported(transaction: Transaction, user_id: UUID, supported: Sequence[str]) -> None:
    await transaction.run(
        """
        delete from chat.preferences
        where user_id = %(user_id)s and state <> 'retired' and rule <> all(%(supported)s)
        """,
        user_id=user_id,
        supported=list(supported),
    )


def _feedback(row: dict[str, Any] | None) -> MessageFeedback:
    if row is None:
        raise FeedbackNotFound
    return MessageFeedback(**row)
