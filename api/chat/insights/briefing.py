"""The texts of a briefing: the form in which the model answers, its parts, and the check of its figures."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.chat.figures.checker import NOT_VERIFIED, check_figures, mark_unverified
from api.chat.results import QueryResult

LONGEST_TITLE: Final = 120

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "The main finding, in at most twelve words."},
        "summary": {"type": "string", "description": "Two or three sentences."},
        "key_findings": {"type": "array", "items": {"type": "string"}},
        "recommendations": {"type": "array", "items": {"type": "string"}},
        "full_analysis": {"type": "string", "description": "Markdown without links and images."},
    },
    "required": ["title", "summary", "key_findings", "recommendations", "full_analysis"],
    "additionalProperties": False,
}

TEXT_FORMAT: Final[dict[str, Any]] = {
    "type": "json_schema",
    "name": "briefing",
    "strict": True,
    "schema": SCHEMA,
}
"""The `text.format` of the Responses API."""


@dataclass(frozen=True)
class Briefing:
    """The texts that the model writes."""

    title: str
    summary: str
    key_findings: tuple[str, ...]
    recommendations: tuple[str, ...]
    full_analysis: str

    @property
    def unverified(self) -> int:
        """Figures that are marked as not verified."""
        texts = (self.title, self.summary, *self.key_findings, *self.recommendations)
        return unverified_in(*texts, self.full_analysis)


def unverified_in(*texts: str) -> int:
    """The figures in these texts that are marked as not verified."""
    return sum(text.count(NOT_VERIFIED) for text in texts)


def read_briefing(text: str) -> Briefing | None:
    """Read the model's answer; None if it is empty.

    A server without structured output may answer in prose: its first line then is the title, its first
    paragraph the summary, and all of it the analysis.
    """
    for found in _objects(text):
        briefing = _from_object(found)
        if briefing is not None:
            return briefing
    return _from_prose(text)


def check_briefing(briefing: Briefing, results: Sequence[QueryResult], allowed: Sequence[str]) -> Briefing:
    """The briefing with a mark behind every figure, in any of its texts, that no logged result has.

    allowed: what the user wrote, whose numbers are exempt.
    """

    def checked(text: str) -> str:
        plain = _without_marks(text)
        return mark_unverified(plain, check_figures(plain, results, allowed=allowed))

    return Briefing(
        title=checked(briefing.title),
        summary=checked(briefing.summary),
        key_findings=tuple(checked(text) for text in briefing.key_findings),
        recommendations=tuple(checked(text) for text in briefing.recommendations),
        full_analysis=checked(briefing.full_analysis),
    )


def _without_marks(text: str) -> str:
    """Remove the marks of the check of the whole answer, and those that the model wrote itself."""
    return text.replace(f" {NOT_VERIFIED}", "").replace(NOT_VERIFIED, "")


def _objects(text: str) -> Iterable[dict[str, Any]]:
    """Yield the JSON objects in a text, the last first: text may stand before, or a fence around them."""
    decoder = json.JSONDecoder(strict=False)
    found: list[dict[str, Any]] = []
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        except RecursionError:
            return ()  # no form of ours, and each of its parts would be read again
        else:
            if isinstance(value, dict):
                found.append(value)
        at = text.find("{", end)
    return reversed(found)


def _from_object(value: dict[str, Any]) -> Briefing | None:
    texts = [value.get(name) for name in ("title", "summary", "full_analysis")]
    lists = [value.get(name) for name in ("key_findings", "recommendations")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return None
    if not all(isinstance(items, list) for items in lists):
        return None
    findings, recommendations = (
        tuple(str(item).strip() for item in items or () if str(item).strip()) for items in lists
    )
    title, summary, analysis = (str(text).strip() for text in texts)
    return Briefing(_one_line(title), summary, findings, recommendations, analysis)


def _from_prose(text: str) -> Briefing | None:
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    if not paragraphs:
        return None
    title = paragraphs[0].splitlines()[0].lstrip("# ").strip("* ")
    summary = next((part for part in paragraphs if not part.startswith("#")), paragraphs[0])
    return Briefing(_one_line(title) or "Briefing", summary, (), (), text.strip())


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"
