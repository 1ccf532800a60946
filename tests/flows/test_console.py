"""What the console prints."""

import pytest
from rich.table import Table

from flows.console import console, errors


@pytest.mark.parametrize(
    "name", ["[/x]", "[red]Growth", "My [/bold] :bug: fund", "[link=https://evil.example]x"]
)
def test_a_name_is_printed_as_it_is(capsys: pytest.CaptureFixture[str], name: str) -> None:
    # Silent failure prevented: one portfolio's name that breaks every list it is in
    for made in (console, errors):
        made.cache_clear()
    table = Table("name", box=None, title=name)
    table.add_row(name)
    console().print(table)
    errors().print(name)
    shown = capsys.readouterr()
    assert (shown.out.count(name), shown.err.strip()) == (2, name)
    for made in (console, errors):
        made.cache_clear()
