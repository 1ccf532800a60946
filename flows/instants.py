"""Instants from the command line."""

from datetime import UTC, datetime

from flows.errors import UsageError


def parse_instant(text: str) -> datetime:
    """An ISO date or time, UTC without a zone. Raises UsageError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a valid time: write it like 2026-01-30T23:59 (UTC), or with a zone."
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
