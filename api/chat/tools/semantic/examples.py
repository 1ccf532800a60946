"""Example queries of each mart, in the words of a user."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.chat.yaml_text import parse_yaml

FILE = Path(__file__).with_name("examples.yml")


@dataclass(frozen=True)
class Example:
    """A question and the statement that answers it."""

    question: str
    statement: str


@cache
def example_queries() -> Mapping[str, tuple[Example, ...]]:
    """Two or three examples for every mart."""
    text = parse_yaml(FILE.read_text("utf-8"))
    return {
        mart: tuple(Example(question, statement.strip()) for question, statement in examples.items())
        for mart, examples in text.items()
    }
