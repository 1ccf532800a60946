"""Vendors' answers as they came, kept for some days where that is asked for (RESPONSE_DAYS; default none).

.warehouse/responses/<source>/<day>/<time>_<key>_<digest>.gz

Nothing reads them but a person who asks why a number is what it is. They can hold no secret: only the body
of an answer is kept, never the request with its key.
"""

import gzip
import hashlib
import logging
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from warehouse.settings import Settings, get_settings

logger = logging.getLogger(__name__)

_LONGEST_NAME = 80


def responses_folder(settings: Settings) -> Path:
    """Where answers are kept."""
    return settings.warehouse_folder / "responses"


def keep_response(
    source: str, key: str, body: bytes | str, *, settings: Settings | None = None, now: datetime | None = None
) -> Path | None:
    """Keep the body of a vendor's answer, compressed; where, or None when none are kept.

    source: the vendor's name. key: what was asked for, such as `prices AAPL`. An answer that cannot be
    written (a full disk) is a warning in the log and no error: the load is worth more than its receipt.
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
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(gzip.compress(content, mtime=0))
        draft.replace(path)
    except OSError as error:
        logger.warning("An answer of %s could not be kept in %s: %s", source, folder, error)
        return None
    return path


def old_responses(settings: Settings, today: date) -> list[Path]:
    """The folders of days, each of one vendor, that are older than RESPONSE_DAYS."""
    oldest = today - timedelta(days=settings.response_days)
    return [day for day in sorted(responses_folder(settings).glob("*/*")) if _is_before(day.name, oldest)]


def _is_before(name: str, oldest: date) -> bool:
    try:
        return date.fromisoformat(name) < oldest
    except ValueError:
        return False  # not a folder of ours


def _plain(text: str) -> str:
    """The text as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.=^-]+", "-", text).strip("-.")[:_LONGEST_NAME] or "answer"
