"""Vendors' raw responses, kept for RESPONSE_DAYS (default: none).

.warehouse/responses/<source>/<day>/<time>_<key>_<digest>.gz

They are for people who investigate a number; no program reads them. They hold no secret: only the body of a
response is stored, never the request with its key.
"""

import gzip
import hashlib
import logging
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from warehouse.private_folders import make_private
from warehouse.settings import Settings, get_settings

logger = logging.getLogger(__name__)

_LONGEST_NAME = 80


def responses_folder(settings: Settings) -> Path:
    """The folder of the responses."""
    return settings.warehouse_folder / "responses"


def keep_response(
    source: str, key: str, body: bytes | str, *, settings: Settings | None = None, now: datetime | None = None
) -> Path | None:
    """Store the body of a vendor's response, compressed; return its path, or None if responses are not kept.

    source: the vendor's name. key: the request, such as `prices AAPL`. A failed write (a full disk) is only
    logged as a warning, because the load matters more.
    """
    settings = settings or get_settings()
    if settings.response_days == 0:
        return None
    instant = (now or datetime.now(UTC)).astimezone(UTC)
    content = body.encode() if isinstance(body, str) else body
    digest = hashlib.sha256(content).hexdigest()[:12]
    folder = responses_folder(settings) / _plain(source) / instant.date().isoformat()
    path = folder / f"{instant:%H%M%S}_{_plain(key)}_{digest}.gz"
    try:
        make_private(folder)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(gzip.compress(content, mtime=0))
        draft.replace(path)
    except OSError as error:
        logger.warning("A response of %s could not be stored in %s: %s", source, folder, error)
        return None
    return path


def old_responses(settings: Settings, today: date) -> list[Path]:
    """The folders, one per vendor and day, that are older than RESPONSE_DAYS."""
    oldest = today - timedelta(days=settings.response_days)
    return [day for day in sorted(responses_folder(settings).glob("*/*")) if _is_before(day.name, oldest)]


def _is_before(name: str, oldest: date) -> bool:
    try:
        return date.fromisoformat(name) < oldest
    except ValueError:
        return False  # not a folder of ours


def _plain(text: str) -> str:
    """The text, safe for a file name."""
    return re.sub(r"[^A-Za-z0-9.=^-]+", "-", text).strip("-.")[:_LONGEST_NAME] or "answer"
