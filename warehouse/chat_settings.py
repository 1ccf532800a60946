"""The settings of the chat, a part of `warehouse.settings.Settings`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ChatSettings(BaseSettings):
    """The model, the databases of the chat, and its limits. Without OPENAI_API_KEY the chat is off."""

    # The model
    openai_api_key: SecretStr | None = Field(
        default=None, description="Key of the model's vendor; without it the chat is off."
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1",
        description="Base URL of the Responses and Embeddings API: OpenAI's, or a server of your own.",
    )
    chat_model: str = Field(default="gpt-5.3", min_length=1, description="Model that answers.")
    chat_fallback_model: str | None = Field(
        default=None, description="Model asked when CHAT_MODEL is overloaded or unavailable."
    )
    embedding_model: str = Field(
        default="text-embedding-3-small",
        min_length=1,
        description="Model that embeds documents for the search by meaning; `none`: lexical search only.",
    )
    embedding_dimensions: int = Field(
        default=256, ge=16, le=2000, description="Dimensions of the embeddings; a change embeds again."
    )

    # Access to the marts for statements that the model wrote
    chat_database_url: str | None = Field(
        default=None,
        repr=False,
        description="How the chat reads the marts; default: DATABASE_URL with the role sigmasight_chat.",
    )
    chat_password: SecretStr | None = Field(
        default=None, description="Password given to the role sigmasight_chat on the server of DATABASE_URL."
    )
    chat_sql_seconds: float = Field(
        default=5, gt=0, le=60, description="Seconds that a statement of the model may run."
    )
    chat_sql_rows: int = Field(
        default=500, gt=0, le=5000, description="Rows of a result that the model sees."
    )
    chat_sql_bytes: int = Field(
        default=100_000, ge=1000, le=1_000_000, description="Bytes of a result that the model sees."
    )
    chat_sql_cost: float = Field(
        default=5e6, gt=0, description="Statements that the planner expects to cost more are refused."
    )
    chat_sql_scanned_rows: float = Field(
        default=1e6, gt=0, description="Statements that the planner expects to return more rows are refused."
    )
    chat_pool_size: int = Field(
        default=4, gt=0, le=50, description="Connections for statements of the model."
    )

    # Bounds of one answer
    chat_model_calls: int = Field(default=8, gt=0, le=50, description="Calls of the model for one answer.")
    chat_tool_calls: int = Field(default=12, gt=0, le=100, description="Calls of tools for one answer.")
    chat_seconds: float = Field(default=60, gt=0, le=600, description="Seconds that one answer may take.")
    chat_output_tokens: int = Field(
        default=4000, ge=100, le=100_000, description="Tokens that the model may write for one answer."
    )
    chat_history_messages: int = Field(
        default=20, gt=0, le=200, description="Earlier messages of a conversation that the model sees."
    )

    # Bounds per user
    chat_requests_per_minute: int = Field(
        default=10, gt=0, le=10_000, description="Messages per user and minute."
    )
    chat_tokens_per_day: int = Field(default=500_000, gt=0, description="Tokens per user and day (UTC).")
    chat_streams: int = Field(
        default=50, gt=0, le=1000, description="Answers being written at the same time, per process."
    )
    chat_streams_per_user: int = Field(
        default=3, gt=0, le=100, description="Answers being written at the same time, per user and process."
    )

    # What is kept
    chat_memories: int = Field(default=50, ge=0, le=1000, description="Memories per user.")
    chat_memory_days: int = Field(
        default=365, gt=0, description="Days until a memory that is not confirmed again expires."
    )
    chat_days: int = Field(
        default=365, gt=0, description="Days without a message until a conversation is deleted."
    )
