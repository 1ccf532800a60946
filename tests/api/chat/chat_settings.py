"""The settings of a warehouse whose chat is on."""

from typing import Any

from tests.api.chat.responses_server import ModelServer
from warehouse.connections import Warehouse
from warehouse.settings import Settings


def chat_settings(warehouse: Warehouse, model: ModelServer, **settings: Any) -> Settings:
    """The warehouse's settings with the chat on, these, and limits that do not end a test."""
    known = {
        "openai_api_key": "key-of-the-server",
        "openai_base_url": model.url,
        "chat_model": "first",
        "embedding_model": "none",
        "chat_requests_per_minute": 10_000,
        "chat_tokens_per_day": 10**9,
        **settings,
    }
    return Settings(**{**warehouse.settings.model_dump(), **known})
