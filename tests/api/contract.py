"""The contract of the read API, contract.json: the JSON Schema of each answer that a frontend reads."""

import json
from pathlib import Path
from typing import Any

import jsonschema

_DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text("utf-8"))

CONTRACT: dict[str, dict[str, Any] | None] = _DOCUMENT["paths"]
"""By "METHOD /path"; None for a path that answers no JSON."""

REQUESTS: dict[str, dict[str, Any]] = _DOCUMENT["requests"]
"""The bodies that a frontend sends, by "METHOD /path"."""

EVENTS: dict[str, dict[str, Any]] = _DOCUMENT["events"]
"""The data of each event of the chat, by its name."""

_VALIDATORS = {
    name: jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for name, schema in EVENTS.items()
}


def check_event(name: str, data: dict[str, Any]) -> None:
    """Raise KeyError for an event that the contract does not have, ValidationError for other data."""
    _VALIDATORS[name].validate(data)


DEFINITIONS: dict[str, Any] = _DOCUMENT["$defs"]
