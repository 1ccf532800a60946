"""The bounds of one answer: calls of the model and of tools, seconds, and tokens over all calls."""

from dataclasses import dataclass
from time import monotonic
from typing import Final

from api.chat.model.stream import Usage
from warehouse.settings import Settings

LEAST_TOKENS: Final = 16
"""Fewer output tokens are not asked for: the protocol allows none."""

TIME_FOR_TOOLS: Final = 0.75
"""Share of the time after which the model must answer with what it has."""

TOKENS_FOR_TOOLS: Final = 0.75
"""Share of the output tokens after which it must, too."""


@dataclass
class Bounds:
    """What of its bounds an answer has used."""

    model_calls: int
    tool_calls: int
    seconds: float
    output_tokens: int
    started: float
    used_model_calls: int = 0
    used_tool_calls: int = 0
    usage: Usage = Usage()  # noqa: RUF009 - immutable

    @classmethod
    def of(cls, settings: Settings, started: float) -> "Bounds":
        """The bounds of the settings, from a start by time.monotonic()."""
        return cls(
            settings.chat_model_calls,
            settings.chat_tool_calls,
            settings.chat_seconds,
            settings.chat_output_tokens,
            started,
        )

    @property
    def until(self) -> float:
        """When the answer must be complete, by time.monotonic()."""
        return self.started + self.seconds

    @property
    def tokens_left(self) -> int:
        """Output tokens that are left."""
        return self.output_tokens - self.usage.output_tokens

    @property
    def may_call_model(self) -> bool:
        """Whether one more call of the model is within the bounds."""
        return (
            self.used_model_calls < self.model_calls
            and self.tokens_left >= LEAST_TOKENS
            and monotonic() < self.until
        )

    @property
    def must_answer(self) -> bool:
        """Whether the next call of the model has to answer without tools."""
        return (
            self.used_model_calls + 1 >= self.model_calls
            or self.used_tool_calls >= self.tool_calls
            or self.usage.output_tokens >= TOKENS_FOR_TOOLS * self.output_tokens
            or monotonic() - self.started >= TIME_FOR_TOOLS * self.seconds
        )
