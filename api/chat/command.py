"""What the command line starts of the chat: an answer as a stream of events, and the check of a record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from api.auth.users import User
from api.chat.figures.verify import QueryCheck, Verification, owner_of, verify_conversation
from api.chat.store.conversations import Mode
from api.chat.turn.events import Event
from api.chat.turn.turn import Chat
from api.http.errors import ConversationNotFound
from api.services import Services, open_services
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

__all__ = ["Event", "Mode", "QueryCheck", "Verification", "answer_events", "verify_record"]


class UnknownUserError(SigmaSightError):
    """No active user has this email."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"No active user has the email {email!r}; `sigmasight users list` shows who there is."
        )


@asynccontextmanager
async def answer_events(
    settings: Settings, question: str, *, email: str, mode: Mode, portfolio_id: UUID | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """Ask as this user, in a new conversation: the events of the answer, which leaving the context cancels.

    Raises UnknownUserError, ChatUnavailable, ChatLimitReached, PortfolioNotFound, NothingPublished.
    """
    async with open_services(settings) as services:
        user = await active_user(services, email)
        chat: Chat = services.chat
        chat.check_available()
        conversation = await chat.store.conversations.create(user.user_id, mode, portfolio_id)
        stream = await chat.send(user, conversation.conversation_id, question, portfolio_id=portfolio_id)
        try:
            yield stream
        finally:
            await stream.aclose()


async def verify_record(settings: Settings, conversation_id: UUID, email: str | None = None) -> Verification:
    """Run the queries of a conversation again, as its user. email: refuse conversations of other users.

    Raises ConversationNotFound, UnknownUserError, ChatUnavailable.
    """
    async with open_services(settings) as services:
        store = services.store
        owner = await owner_of(conversation_id, store)
        user = None if owner is None else await services.users.by_id(owner)
        asked_by = None if email is None else await active_user(services, email)
        if user is None or (asked_by is not None and asked_by.user_id != user.user_id):
            raise ConversationNotFound
        return await verify_conversation(user, conversation_id, store=store, reader=services.chat.reader)


async def active_user(services: Services, email: str) -> User:
    """The active user with this email. Raises UnknownUserError."""
    user = await services.users.by_email(email)
    if user is None or not user.is_active:
        raise UnknownUserError(email)
    return user
