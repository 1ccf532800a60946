"""`sigmasight serve` prints an address that a browser of the machine opens."""

import pytest

from flows.cli.tools import _for_browsers


@pytest.mark.parametrize(
    ("listens_on", "opened"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - compared, not bound
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
        ("risk.example.com", "risk.example.com"),
    ],
)
def test_the_printed_address_is_one_to_open(listens_on: str, opened: str) -> None:
    assert _for_browsers(listens_on) == opened
