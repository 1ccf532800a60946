"""The files of the page, held in memory with their compressed form, under one hash of them all.

The hash is a folder of their address, so that modules find each other by relative paths, and a browser may
keep what it has for ever.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""By suffix: what may be served as an asset."""

INDEX: Final = "index.html"
DIGEST_LENGTH: Final = 16


@dataclass(frozen=True)
class Asset:
    """A file as it is sent. compressed: with gzip."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True)
class Page:
    """The page: its first document and the files that it names. digest: of all of them."""

    index: Asset
    assets: Mapping[str, Asset]
    digest: str


@cache
def load_page() -> Page:
    """Read the files of the package, once in the life of the process."""
    root = files("api.page") / "static"
    contents = dict(sorted(_walk(root)))
    digest = sha256(b"".join(name.encode() + b"\0" + body for name, body in contents.items()))
    short = digest.hexdigest()[:DIGEST_LENGTH]
    template = contents.pop(INDEX).decode()
    assets = {name: _asset(body, MEDIA_TYPES[_suffix(name)]) for name, body in contents.items()}
    return Page(
        index=_asset(_fill(template, short, list(assets)).encode(), "text/html; charset=utf-8"),
        assets=assets,
        digest=short,
    )


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif entry.name == INDEX or _suffix(entry.name) in MEDIA_TYPES:
            found.append((name, entry.read_bytes()))
    return found


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, gzip.compress(content, compresslevel=9, mtime=0), media_type)


def _fill(template: str, digest: str, names: list[str]) -> str:
    """Name every style sheet and module in the document, so that the browser asks for all of them at once."""
    base = f"assets/{digest}"
    styles = [f'<link rel="stylesheet" href="{base}/{name}">' for name in names if name.endswith(".css")]
    modules = [f'<link rel="modulepreload" href="{base}/{name}">' for name in names if name.endswith(".js")]
    return template.replace("<!-- files -->", "\n        ".join(styles + modules)).replace("{assets}", base)
