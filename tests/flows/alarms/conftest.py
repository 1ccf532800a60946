"""A webhook that hears what a warehouse reports."""

from collections.abc import Iterator

import pytest

from tests.flows.alarms.receivers import Hook, listening


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook that accepts everything, until the test makes it fail."""
    with listening() as hook:
        yield hook
