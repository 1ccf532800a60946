"""Feedback teaches only what a reviewer activates, and what one user wrote reaches no other."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from api.chat.store.database import ChatStore
from api.chat.store.feedback import UUID_PLACEHOLDER
from api.chat.store.preferences import RULES, rules_of, weigh
from api.chat.store.review import Proposal, ProposalNotFoundError
from api.http.errors import FeedbackNotFound, MessageNotFound
from tests.api.chat.chat_records import COUNTS, answer, prompt_context
from tests.api.chat.store.store_helpers import RunCoroutine

LONG = "The portfolio rose by 1.5 percent over the day, which is rather more than it did the day before."


def proposals(run: RunCoroutine, store: ChatStore, user_id: UUID, kind: str) -> list[Proposal]:
    found = run(store.review.list(include_retired=True))
    return [proposal for proposal in found if (proposal.user_id, proposal.kind) == (user_id, kind)]


def test_feedback_is_put_read_replaced_and_deleted(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id))
    with pytest.raises(FeedbackNotFound):
        run(store.feedback.get(user_id, done.message_id))
    first = run(store.feedback.put(user_id, done.message_id, "down", "Better: 1.5.", "too long"))
    second = run(store.feedback.put(user_id, done.message_id, "up"))
    assert (first.edited_text, first.comment) == ("Better: 1.5.", "too long")
    assert (second.rating, second.edited_text, second.comment) == ("up", None, None)
    assert second.created_at == first.created_at
    assert run(store.feedback.get(user_id, done.message_id)) == second
    assert run(store.messages.get(user_id, done.message_id)).rating == "up"
    run(store.feedback.delete(user_id, done.message_id))
    with pytest.raises(FeedbackNotFound):
        run(store.feedback.delete(user_id, done.message_id))


def test_only_a_finished_answer_has_feedback(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    done = run(answer(store, user_id))
    begun = run(store.messages.begin_run(user_id, done.conversation_id, "Next", "blue"))
    for message_id in (done.run.user_message_id, begun.assistant_message_id, uuid4()):
        with pytest.raises(MessageNotFound):
            run(store.feedback.put(user_id, message_id, "up"))


def test_a_good_answer_with_verified_figures_is_a_candidate_until_the_rating_is_withdrawn(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id))
    run(store.feedback.put(user_id, done.message_id, "up"))
    (candidate,) = proposals(run, store, user_id, "example")
    assert (candidate.state, candidate.text) == ("candidate", "How much is it?")
    assert candidate.statements == ("select value from somewhere",)
    assert run(prompt_context(store, user_id)).examples == ()
    run(store.feedback.put(user_id, done.message_id, "down"))
    assert proposals(run, store, user_id, "example") == []


def test_an_answer_with_an_unverified_figure_or_none_teaches_nothing(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    unverified = run(answer(store, user_id, verified=False))
    begun = run(store.messages.begin_run(user_id, unverified.conversation_id, "Hello", "blue"))
    run(store.messages.end_run(begun, "done", "Hello.", [], **COUNTS))
    for message_id in (unverified.message_id, begun.assistant_message_id):
        run(store.feedback.put(user_id, message_id, "up"))
    corrected = run(answer(store, user_id))
    run(store.feedback.put(user_id, corrected.message_id, "up", "It is 1.5, of course."))
    assert proposals(run, store, user_id, "example") == []


def test_an_activated_example_serves_its_user_and_a_curated_one_everyone(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    question = f"How did my secret fund do? {uuid4()}"
    done = run(answer(store, user_id, question=question))
    run(store.feedback.put(user_id, done.message_id, "up"))
    (candidate,) = proposals(run, store, user_id, "example")
    run(store.review.activate(candidate.proposal_id, reviewer="ops"))

    def asked(by: UUID) -> list[str]:
        return [example.question for example in run(prompt_context(store, by)).examples]

    assert question in asked(user_id)
    assert question not in asked(uuid4())
    run(store.review.activate(candidate.proposal_id, reviewer="ops", question="How did a fund do?"))
    assert "How did a fund do?" in asked(uuid4())
    run(store.user_data.delete(user_id))
    assert "How did a fund do?" in asked(uuid4())
    run(store.review.retire(candidate.proposal_id, reviewer="ops"))
    assert "How did a fund do?" not in asked(uuid4())


def test_deleting_the_conversation_deletes_its_example(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id))
    run(store.feedback.put(user_id, done.message_id, "up"))
    (candidate,) = proposals(run, store, user_id, "example")
    run(store.review.activate(candidate.proposal_id, reviewer="ops"))
    run(store.conversations.delete(user_id, done.conversation_id))
    assert run(prompt_context(store, user_id)).examples == ()
    with pytest.raises(ProposalNotFoundError, match="chat review"):
        run(store.review.retire(candidate.proposal_id, reviewer="ops"))


def test_no_id_of_a_portfolio_is_in_an_example(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    portfolio_id = uuid4()
    done = run(answer(store, user_id, question="How much?", statement=f"select '{portfolio_id}'"))
    run(store.feedback.put(user_id, done.message_id, "up"))
    (candidate,) = proposals(run, store, user_id, "example")
    assert candidate.statements == (f"select '{UUID_PLACEHOLDER}'",)


def test_three_consistent_corrections_propose_a_preference_that_a_review_activates(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    shorter = "Write shorter answers."
    done = [run(answer(store, user_id, text=LONG)) for _ in range(3)]
    for corrected in done[:2]:
        run(store.feedback.put(user_id, corrected.message_id, "down", "It rose by 1.5 %."))
    assert proposals(run, store, user_id, "preference") == []
    run(store.feedback.put(user_id, done[2].message_id, "down", "Up 1.5 %."))
    (proposal,) = proposals(run, store, user_id, "preference")
    assert (proposal.text, proposal.state) == (shorter, "proposed")
    assert (proposal.evidence_count, proposal.confidence) == (3, Decimal("1.000"))
    assert run(prompt_context(store, user_id)).preferences == ()
    run(store.review.activate(proposal.proposal_id, reviewer="ops"))
    assert run(prompt_context(store, user_id)).preferences == (shorter,)
    run(store.review.retire(proposal.proposal_id, reviewer="ops"))
    run(store.feedback.put(user_id, done[2].message_id, "down", "Up 1.5."))
    assert run(prompt_context(store, user_id)).preferences == ()
    assert [proposal.state for proposal in proposals(run, store, user_id, "preference")] == ["retired"]


def test_a_candidate_preference_cannot_be_activated(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id, text=LONG))
    run(store.feedback.put(user_id, done.message_id, "down", "Up."))
    ((row,),) = [run(store.user_data.export(user_id))["preferences"]]
    assert row["state"] == "candidate"
    with pytest.raises(ProposalNotFoundError):
        run(store.review.activate(UUID(row["preference_id"]), reviewer="ops"))
    run(store.feedback.delete(user_id, done.message_id))
    assert run(store.user_data.export(user_id))["preferences"] == []


@pytest.mark.parametrize(
    ("answered", "edited", "rules"),
    [
        (LONG, "Up 1.5 %.", {"Write shorter answers."}),
        ("Up 1.5 %.", LONG, {"Write more detailed answers."}),
        (LONG, LONG, set()),
        ("One two three four", "- One\n- two\n- three four", {"Use lists."}),
        ("1. One two\n2. three four", "One two three four", {"Write prose instead of lists."}),
        ("a 1 and b 2", "| a | 1 |\n| b | 2 |", {"Show numbers in a table."}),
        ("# Risk\nIt is high now", "It is high now, so", {"Do not use headings."}),
        ("It is 1.2345 %", "It is 1.2 %", {"Show fewer decimals."}),
        ("It is 1 %", "It is 1.23 %", {"Show more decimals."}),
        ("", "", set()),
    ],
)
def test_the_rules_of_a_correction(answered: str, edited: str, rules: set[str]) -> None:
    assert rules_of(answered, edited) == rules
    assert rules <= {*RULES}


def test_opposite_corrections_lower_the_confidence() -> None:
    shorter, longer = (LONG, "Up."), ("Up.", LONG)
    (first, second) = weigh([shorter] * 3 + [longer])
    assert (first.rule, first.confidence, first.is_proposed) == (
        "Write shorter answers.",
        Decimal("0.75"),
        True,
    )
    assert (second.evidence_count, second.is_proposed) == (1, False)
    assert not any(preference.is_proposed for preference in weigh([shorter] * 3 + [longer] * 2))
