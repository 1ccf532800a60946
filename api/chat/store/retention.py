"""What the chat forgets by itself, and what it repairs: run when the store opens, and every hour of use."""

from api.chat.store.runs import fail_abandoned
from api.chat.store.transactions import Transaction
from warehouse.settings import Settings

USAGE_DAYS = 2

EXPIRED_CONVERSATIONS = """
delete from chat.conversations as c
where last_message_at < now() - make_interval(days => %(days)s)
    and not exists (
        select from chat.messages as m where m.conversation_id = c.conversation_id and m.status = 'running'
    )
"""
EXPIRED_MEMORIES = "delete from chat.memories where expires_at <= now()"
OLD_USAGE = "delete from chat.usage where ended_at < now() - make_interval(days => %(days)s)"


async def maintain(transaction: Transaction, settings: Settings) -> dict[str, int]:
    """Delete what has expired and end abandoned answers, for all users; return the counts by kind.

    transaction: as operator. Conversations expire chat_days after their last message, with all that belongs
    to them, briefings included.
    """
    return {
        "abandoned answers": await fail_abandoned(transaction, settings.chat_seconds),
        "conversations": await transaction.run(EXPIRED_CONVERSATIONS, days=settings.chat_days),
        "memories": await transaction.run(EXPIRED_MEMORIES),
        "usage": await transaction.run(OLD_USAGE, days=USAGE_DAYS),
    }
