"""Prometheus metrics of the chat, and the same figures since the start for administrators. No user data."""

from collections import Counter as Counts
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.chat.model.stream import Usage

Outcome = Literal["done", "failed", "cancelled"]

FIRST_TOKEN_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
TOOL_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10)
KEPT: Final = 10_000
"""First tokens of which the quantiles since the start are taken."""


@dataclass(frozen=True)
class Ended:
    """An answer that has ended, without its content."""

    outcome: Outcome
    model: str
    usage: Usage
    latency_ms: int
    first_token_ms: int | None
    tool_calls: int
    figures: int
    unverified: int
    refused: bool
    error_type: str | None


class ChatMetrics(Collector):
    """Counts the answers of this process. tools: the names that may become a label."""

    def __init__(self, tools: Iterable[str] = ()) -> None:
        self._tools = frozenset(tools)
        self._registry = CollectorRegistry()
        self._started = datetime.now(UTC)
        self._counts: Counts[str] = Counts()
        self._first_tokens: deque[int] = deque(maxlen=KEPT)
        self._answers = self._counter("answers", "Answers by outcome.", "outcome")
        self._errors = self._counter("errors", "Answers that failed, by kind of error.", "error_type")
        self._tokens = self._counter("tokens", "Tokens of the model by kind.", "kind")
        self._unverified = self._counter("unverified_figures", "Figures that no logged result has.")
        self._figures = self._counter("figures", "Figures checked against logged results.")
        self._refusals = self._counter("refusals", "Answers in which the model refused.")
        self._first_token = Histogram(
            "sigmasight_chat_first_token_seconds",
            "Seconds from the message to the first token.",
            buckets=FIRST_TOKEN_SECONDS,
            registry=self._registry,
        )
        self._tool_seconds = Histogram(
            "sigmasight_chat_tool_duration_seconds",
            "Seconds of a call of a tool.",
            ("tool", "ok"),
            buckets=TOOL_SECONDS,
            registry=self._registry,
        )

    def collect(self) -> Iterable[Metric]:
        """All metrics, for the registry of the app."""
        return self._registry.collect()

    def record_tool(self, name: str, seconds: float, *, ok: bool) -> None:
        """Record a call of a tool; a name that is none of the tools becomes `other`."""
        label = name if name in self._tools else "other"
        self._tool_seconds.labels(label, str(ok).lower()).observe(seconds)
        self._counts["tool_calls"] += 1
        self._counts["failed_tool_calls"] += not ok

    def record_answer(self, ended: Ended) -> None:
        """Record an answer that has ended."""
        self._answers.labels(ended.outcome).inc()
        self._tokens.labels("input").inc(ended.usage.input_tokens)
        self._tokens.labels("output").inc(ended.usage.output_tokens)
        self._figures.inc(ended.figures)
        self._unverified.inc(ended.unverified)
        self._refusals.inc(ended.refused)
        if ended.outcome == "failed":
            self._errors.labels(ended.error_type or "unknown").inc()
        if ended.first_token_ms is not None:
            self._first_token.observe(ended.first_token_ms / 1000)
            self._first_tokens.append(ended.first_token_ms)
        self._count(ended)

    def _count(self, ended: Ended) -> None:
        self._counts["answers"] += 1
        self._counts[ended.outcome] += 1
        self._counts["input_tokens"] += ended.usage.input_tokens
        self._counts["output_tokens"] += ended.usage.output_tokens
        self._counts["figures"] += ended.figures
        self._counts["unverified_figures"] += ended.unverified
        self._counts["refusals"] += ended.refused

    def since_start(self) -> dict[str, Any]:
        """The figures of this process since its start; quantiles of the first token in milliseconds."""
        names = (
            *("answers", "done", "failed", "cancelled", "refusals", "input_tokens", "output_tokens"),
            *("figures", "unverified_figures", "tool_calls", "failed_tool_calls"),
        )
        return {
            "started_at": self._started,
            **{name: self._counts[name] for name in names},
            "first_token_ms_p50": quantile(self._first_tokens, 0.5),
            "first_token_ms_p95": quantile(self._first_tokens, 0.95),
        }

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"sigmasight_chat_{name}_total", description, labels, registry=self._registry)


def quantile(values: Iterable[int], share: float) -> int | None:
    """The smallest value that at least this share of the values does not exceed; None without any."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None
