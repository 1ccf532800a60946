"""Pin the dependencies of pyproject.toml in constraints.txt, and with hashes in constraints-hashes.txt.

    python .ci/constraints.py [--upgrade] [INTERPRETER ...]

Without --upgrade the versions in constraints.txt are kept. The first interpreter (default: this one) resolves
the versions, the others add what only they need. Each adds the hashes of its files of all of them, so that
`pip install --require-hashes --no-deps -r constraints-hashes.txt` works with every interpreter, on this
operating system and processor. What the image of deploy/Containerfile holds of them, without the tools, is
written to deploy/requirements.txt. The files contain no package index URL.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS, HASHES = ROOT / "constraints.txt", ROOT / "constraints-hashes.txt"
OF_IMAGE = ROOT / "deploy" / "requirements.txt"
EVERYTHING, IN_IMAGE = "browser,dev,mcp,pdf", "mcp,pdf"
OWN_NAME = "sigmasight"


def resolve(interpreter: str, constraints: Path | None, extras: str = EVERYTHING) -> list[dict[str, Any]]:
    """What pip would install for the project with these extras."""
    pinned = ["--constraint", str(constraints)] if constraints else []
    return report(interpreter, *pinned, f"{ROOT}[{extras}]")


def report(interpreter: str, *wanted: str) -> list[dict[str, Any]]:
    """What `pip install` with these arguments would install, without the project itself."""
    options = ["--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command = [interpreter, "-m", "pip", "install", *options, *wanted]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["install"]
    return [item for item in found if item["metadata"]["name"] != OWN_NAME]


def main(arguments: list[str]) -> None:
    """Resolve and write both files."""
    interpreters = [name for name in arguments if name != "--upgrade"] or [sys.executable]
    keep = None if "--upgrade" in arguments else PINS
    versions: dict[str, str] = {}
    for interpreter in interpreters:
        for item in resolve(interpreter, keep):
            name, version = _name(item), item["metadata"]["version"]
            if versions.setdefault(name, version) != version:
                raise SystemExit(f"{interpreter} needs another version of {name} than the first interpreter.")
        if keep is None:
            PINS.write_text(_lines(versions, {}))
            keep = PINS
    PINS.write_text(_lines(versions, {}))
    hashes: dict[str, set[str]] = {}
    for interpreter in interpreters:
        for item in report(interpreter, "--no-deps", "--requirement", str(PINS)):
            found = item["download_info"]["archive_info"]["hashes"]
            hashes.setdefault(_name(item), set()).add(f"sha256:{found['sha256']}")
    HASHES.write_text(_lines(versions, hashes))
    held = {_name(item) for interpreter in interpreters for item in resolve(interpreter, PINS, IN_IMAGE)}
    OF_IMAGE.write_text(_lines({name: versions[name] for name in held}, hashes))


def _name(item: dict[str, Any]) -> str:
    name: str = item["metadata"]["name"]
    return name.lower().replace("_", "-").replace(".", "-")


def _lines(versions: dict[str, str], hashes: dict[str, set[str]]) -> str:
    lines = [
        " ".join([f"{name}=={version}", *(f"--hash={value}" for value in sorted(hashes.get(name, ())))])
        for name, version in sorted(versions.items())
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
