"""The operator's review of what users' feedback proposes: nothing is learned without it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from api.chat.store.codec import storable
from api.chat.store.transactions import Transaction, Transactions
from warehouse.errors import SigmaSightError

Kind = Literal["example", "preference"]
Decision = Literal["active", "retired"]


class ProposalNotFoundError(SigmaSightError):
    """No example or preference has this id."""

    def __init__(self, proposal_id: UUID) -> None:
        super().__init__(f"No proposal has the id {proposal_id}; `sigmasight chat review` lists them.")


@dataclass(frozen=True)
class Proposal:
    """An example (text: its question) or a preference (text: its rule) under review.

    user_id: whose it is; None for an example that a reviewer worded. confidence: of a preference.
    """

    proposal_id: UUID
    kind: Kind
    state: str
    text: str
    statements: tuple[str, ...]
    evidence_count: int | None
    confidence: Decimal | None
    user_id: UUID | None
    reviewed_by: str | None
    created_at: datetime


ProposalList = list[Proposal]


PROPOSALS = """
select
    example_id as proposal_id, 'example' as kind, state, question as text, statements,
    null::integer as evidence_count, null::numeric as confidence, user_id, reviewed_by, created_at
from chat.examples
union all
select
    preference_id, 'preference', state, rule, '[]', evidence_count, confidence, user_id, reviewed_by,
    created_at
from chat.preferences
where state <> 'candidate'
"""


class Review:
    """Lists, activates and retires proposals of all users. Raises ChatUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def activate(self, proposal_id: UUID, *, reviewer: str, question: str | None = None) -> Proposal:
        """Activate a proposal. Raises ProposalNotFoundError.

        An example then serves answers to its own user. question: the reviewer's wording, without anything
        personal; the example then is no user's any more, and serves all.
        """
        async with self._transactions.as_operator() as transaction:
            if question is not None:
                return await _curate(transaction, proposal_id, reviewer, question)
            return await _decide(transaction, proposal_id, reviewer, "active")

    async def retire(self, proposal_id: UUID, *, reviewer: str) -> Proposal:
        """Refuse a proposal, or take an active one out of the prompts. Raises ProposalNotFoundError."""
        async with self._transactions.as_operator() as transaction:
            return await _decide(transaction, proposal_id, reviewer, "retired")

    async def list(self, *, include_retired: bool = False) -> ProposalList:
        """Return the proposals and the active ones: preferences only with enough evidence. Oldest first."""
        async with self._transactions.as_operator() as transaction:
            rows = await transaction.rows(
                f"""
                select * from ({PROPOSALS}) as p
                where state <> 'retired' or %(include_retired)s
                order by created_at, proposal_id
                """,
                include_retired=include_retired,
            )
        return [_proposal(row) for row in rows]


async def _decide(transaction: Transaction, proposal_id: UUID, reviewer: str, decision: Decision) -> Proposal:
    values = {"proposal_id": proposal_id, "reviewer": reviewer, "state": decision}
    changed = await transaction.run(
        """
        update chat.examples set state = %(state)s, reviewed_by = %(reviewer)s, reviewed_at = now()
        where example_id = %(proposal_id)s
        """,
        **values,
    )
    changed += await transaction.run(
        """
        update chat.preferences set state = %(state)s, reviewed_by = %(reviewer)s, reviewed_at = now()
        where preference_id = %(proposal_id)s and state <> 'candidate'
        """,
        **values,
    )
    return await _read(transaction, proposal_id, is_known=changed > 0)


async def _curate(transaction: Transaction, proposal_id: UUID, reviewer: str, question: str) -> Proposal:
    changed = await transaction.run(
        """
        update chat.examples set question = %(question)s, origin = 'curated', user_id = null,
            message_id = null, state = 'active', reviewed_by = %(reviewer)s, reviewed_at = now()
        where example_id = %(proposal_id)s
        """,
        proposal_id=proposal_id,
        question=storable(question),
        reviewer=reviewer,
    )
    return await _read(transaction, proposal_id, is_known=changed > 0)


async def _read(transaction: Transaction, proposal_id: UUID, *, is_known: bool) -> Proposal:
    row = await transaction.row(
        f"select * from ({PROPOSALS}) as p where proposal_id = %(proposal_id)s", proposal_id=proposal_id
    )
    if row is None or not is_known:
        raise ProposalNotFoundError(proposal_id)
    return _proposal(row)


def _proposal(row: dict[str, Any]) -> Proposal:
    return Proposal(**{**row, "statements": tuple(row["statements"])})
