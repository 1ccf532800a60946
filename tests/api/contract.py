"""The contract of the read API, contract.json: the JSON Schema of each answer that a frontend reads."""

import json
from pathlib import Path
from typing import Any

_DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text("utf-8"))

CONTRACT: dict[str, dict[str, Any] | None] = _DOCUMENT["paths"]
"""By "METHOD /path"; None for a path that answers no JSON."""

DEFINITIONS: dict[str, Any] = _DOCUMENT["$defs"]
