"""The evaluation of the real chat: the model of the settings, its tools and its checks, as users meet it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.chat.evaluation.accepted import DataSet, Golden
from api.chat.evaluation.data_sets import DEMO, find_data_set
from api.chat.evaluation.questions import Question, read_questions
from api.chat.evaluation.report import write_report
from api.chat.evaluation.runner import Score, Turn, evaluate
from api.chat.tools.registry import Tools
from api.chat.turn.turn import Chat
from api.http.errors import AnswerFailed
from api.services import Services, open_services
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

__all__ = ["Evaluation", "Score", "evaluate_chat", "open_evaluation", "write_report"]

WITHOUT_LIMITS = {"chat_requests_per_minute": 10_000, "chat_tokens_per_day": 1_000_000_000}


class QuestionUnknownError(SigmaSightError):
    """No golden question has this id."""


@dataclass(frozen=True)
class Evaluation:
    """The chat, the data sets and the accepted answers."""

    chat: Chat
    golden: Golden
    data_sets: tuple[DataSet, ...]

    async def ask(self, question: Question, data_set: DataSet) -> Turn:
        """Ask in a new conversation, and delete it. An answer that fails is an empty one."""
        user_id, conversations = data_set.user.user_id, self.chat.store.conversations
        conversation = await conversations.create(user_id, "blue", data_set.portfolio_id)
        try:
            answer = await self.chat.answer(
                data_set.user,
                question=f"{question.ask} (As of {data_set.session}.)",
                conversation_id=conversation.conversation_id,
                portfolio_id=data_set.portfolio_id,
            )
        except AnswerFailed:
            return Turn(text="", queries=(), figures=0, unverified=0, tokens=0)
        finally:
            await conversations.delete(user_id, conversation.conversation_id)
        return Turn(
            text=answer.text,
            queries=answer.queries,
            figures=len(answer.figures),
            unverified=answer.unverified,
            tokens=answer.input_tokens + answer.output_tokens,
            refused=answer.refused,
        )


@asynccontextmanager
async def open_evaluation(settings: Settings) -> AsyncIterator[Evaluation]:
    """Open the chat for an evaluation on the demo. Raises DataSetMissingError and ChatUnavailable."""
    free = settings.model_copy(update=WITHOUT_LIMITS)
    async with open_services(free) as services:
        services.chat.check_available()
        yield await make_evaluation(services)


async def make_evaluation(services: Services) -> Evaluation:
    """Look up the data sets. Raises DataSetMissingError."""
    settings, reader = services.settings, services.chat_reader
    data_sets = [await find_data_set(name, services.users.by_email, reader, settings) for name in DEMO]
    return Evaluation(services.chat, Golden(Tools(), reader, settings), tuple(data_sets))


async def evaluate_chat(settings: Settings, ids: Sequence[str] = ()) -> AsyncIterator[Score]:
    """Ask the golden questions, or those with these ids, about the demo, and yield the scores.

    Raises QuestionUnknownError, DataSetMissingError, ChatUnavailable and what the chat raises.
    """
    known = {question.id: question for question in read_questions()}
    unknown = [name for name in ids if name not in known]
    if unknown:
        message = f"There is no golden question {', '.join(unknown)}."
        raise QuestionUnknownError(message)
    questions = [known[name] for name in ids or known]
    async with open_evaluation(settings) as opened:
        async for score in evaluate(opened.ask, opened.golden, opened.data_sets, questions):
            yield score
