"""Each command of docs/first_hour.md runs on a new warehouse and prints what the page shows."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.first_hour import BLOCK, PAGE, Example, examples, masked, run_page, shell

MOST_SECONDS = 600


def test_a_block_is_read_as_commands_with_their_output() -> None:
    block = "$ one \\\n    more\nfirst\n\nsecond\n$ two\n"
    assert list(examples(block)) == [Example("one \\\n    more", "first\n\nsecond\n"), Example("two", "")]
    assert masked("  built      90 models, 812 tests passed     23.4 s\n") == (
        "  built      N models, N tests passed\n"
    )
    assert len(BLOCK.findall(PAGE.read_text())) >= 8


@pytest.mark.slow
@pytest.mark.long
def test_the_first_hour_prints_what_the_page_shows(make_home: Callable[[], Path]) -> None:
    begun = time.monotonic()
    home = make_home()
    home.chmod(0o755)  # else a warning to root would stand before the first output
    with shell(home) as opened:
        for example, printed in run_page(PAGE.read_text(), opened):
            assert masked(printed) == masked(example.output), example.command
    assert time.monotonic() - begun < MOST_SECONDS
