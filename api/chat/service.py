"""Builds the chat from its parts; nothing connects before the first question."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.chat.documents.embeddings import make_embedder
from api.chat.documents.search import DocumentSearch
from api.chat.model.client import ModelClient
from api.chat.sql.executor import ChatReader
from api.chat.store.database import ChatStore
from api.chat.tools.registry import Tools
from api.chat.turn.metrics import ChatMetrics
from api.chat.turn.turn import Chat
from warehouse.settings import Settings


@asynccontextmanager
async def open_chat(settings: Settings, store: ChatStore, reader: ChatReader) -> AsyncIterator[Chat]:
    """Build the chat for the duration of the context; at its end answers in progress are cancelled."""
    client = ModelClient(settings)
    vendor = client.openai if client.is_available else None
    tools = Tools()
    documents = DocumentSearch(store.transactions, make_embedder(settings, vendor))
    chat = Chat(
        settings,
        store,
        reader,
        tools,
        documents,
        client,
        ChatMetrics(tool["name"] for tool in tools.schemas()),
    )
    if client.is_available:
        documents.start()
    try:
        yield chat
    finally:
        await chat.close()
        await documents.close()
