"""What the console prints."""

import pytest
from rich.table import Table

from flows.console import console, errors
from flows.log_format import json_text


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


@pytest.mark.parametrize("control", ["\x1b[31m", "\x1b]52;c;eA==\x07", "\x9b31m", "\x7f"])
def test_a_text_commands_no_terminal(capsys: pytest.CaptureFixture[str], control: str) -> None:
    # Silent failure prevented: a symbol of a refused file that changes the terminal of the one who loads it
    for made in (console, errors):
        made.cache_clear()
    table = Table("value", box=None)
    table.add_row(f"A{control}B")
    console().print(table)
    errors().print(f"A{control}B")
    shown = capsys.readouterr()
    for text in (shown.out, shown.err, json_text({"symbol": f"A{control}B"})):
        assert text.isprintable() or set(filter(lambda one: not one.isprintable(), text)) == {"\n"}
    for made in (console, errors):
        made.cache_clear()
