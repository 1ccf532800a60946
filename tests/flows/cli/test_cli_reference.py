"""Tags, targets, flows, marks, portfolios and users on the command line."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.settings import project_root

ROOT = project_root()
POSITIONS = """\
Symbol,Quantity,Entry Price Per Share,Entry Date
AAPL,1,2,2025-06-30
HOME_EQUITY,1,2,2025-06-30
"""
Say = Callable[[str], str]


@pytest.fixture
def type_in(emptied_warehouse: Warehouse) -> Callable[[str], tuple[int, str]]:
    """Run `sigmasight ...`; the exit code and all output, on one line."""
    variables = emptied_warehouse.settings.as_environment() | {"COLUMNS": "200"}

    def run(line: str) -> tuple[int, str]:
        done = invoke(shlex.split(line), variables)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


@pytest.fixture
def say(type_in: Callable[[str], tuple[int, str]]) -> Say:
    """Run a command that must succeed; its output."""

    def run(line: str) -> str:
        code, output = type_in(line)
        assert code == 0, output
        return output

    return run


@pytest.fixture
def refused(type_in: Callable[[str], tuple[int, str]]) -> Say:
    """Run a command that must fail with a sentence; its output."""

    def run(line: str) -> str:
        code, output = type_in(line)
        assert code == 1, output
        assert "Traceback" not in output
        return output

    return run


@pytest.fixture
def mine(say: Say, tmp_path: Path) -> None:
    """A portfolio."""
    path = tmp_path / "mine.csv"
    path.write_text(POSITIONS)
    say(
        f"load positions {path} --portfolio Mine --owner jane@example.com --equity 100 "
        "--statement-date 2025-06-30 --no-build"
    )


@pytest.mark.usefixtures("mine")
def test_tags_are_added_listed_and_removed(say: Say, refused: Say) -> None:
    assert "from 2025-06-30 on. `sigmasight nightly` builds" in say("tags add Mine aapl 'Core Holdings'")
    assert "nothing changed" in say("tags add Mine AAPL 'Core Holdings'")
    assert re.search(r"Core Holdings given 1 1 - no - defensive default 0 0", say("tags list"))
    assert "no longer has the tag 'Core Holdings'" in say(
        "tags remove Mine AAPL 'Core Holdings' --from 2025-08-01"
    )
    assert say("tags list Mine") == "No tag yet: sigmasight tags add PORTFOLIO SYMBOL TAG"
    assert re.search(r"2025-06-30 yes .* 2025-08-01 no ", say("tags list Mine --history"))
    assert "'TSLA' is not a position of 'Mine', which has AAPL, HOME_EQUITY" in refused(
        "tags add Mine TSLA x"
    )
    assert "no portfolio 'Yours'" in refused("tags list Yours")


@pytest.mark.usefixtures("mine")
def test_tags_are_renamed_described_coloured_and_archived(say: Say, refused: Say) -> None:
    say("tags add Mine AAPL growth")
    renamed = say("tags rename growth 'Growth stocks'")
    assert renamed == "The tag 'growth' is now shown as 'Growth stocks'. `sigmasight nightly` publishes it."
    assert "AAPL of Mine has the tag 'Growth stocks'" in say("tags add Mine AAPL growth --from 2025-06-01")
    assert "HOME_EQUITY of Mine has the tag 'Growth stocks'" in say(
        "tags add Mine HOME_EQUITY 'Growth stocks'"
    )
    say("tags describe 'Growth stocks' 'Revenue grows'")
    say("tags color 'Growth stocks' '#2563eb'")
    assert re.search(r"Growth stocks default 1 2 #2563EB no Revenue grows", say("tags list"))
    assert re.search(r"Mine AAPL Growth stocks 2025-06-30", say("tags list Mine"))
    say("tags archive 'Growth stocks' --owner jane@example.com")
    assert re.search(r"#2563EB yes Revenue", say("tags list"))
    assert "'Growth stocks' is archived; `sigmasight tags restore`" in refused(
        "tags add Mine AAPL growth --from 2025-05-01"
    )
    assert "is restored" in say("tags restore growth")
    assert "nothing changed" in say("tags restore growth")
    say("tags color 'Growth stocks' default")
    assert "has no description" in say("tags describe 'Growth stocks' ''")
    assert re.search(r"Growth stocks default 1 2 - no -", say("tags list"))
    assert "'blue' is not a colour; write six hexadecimal digits" in refused("tags color growth blue")
    assert "There is no tag 'Value'" in refused("tags rename Value x")
    assert "'options' is an automatic tag" in refused("tags rename options x")


@pytest.mark.usefixtures("mine")
def test_targets_are_set_listed_and_ended(say: Say, refused: Say, tmp_path: Path) -> None:
    say("targets set Mine AAPL --eoy $1,230.50 --downside 170")
    assert re.search(r"Mine AAPL 2025-06-30 1,230\.5 - 170 ", say("targets list"))
    path = tmp_path / "target_prices.csv"
    path.write_text(
        "portfolio_name,symbol,target_price_eoy,target_price_next_year,downside_target_price\n"
        "Mine,HOME_EQUITY,3,4,1\n"
    )
    assert "target_prices (files): 1 row read, 1 new, from 2025-06-30 on" in say(f"load targets {path}")
    say("targets remove Mine AAPL --from 2025-09-01")
    assert "AAPL" not in say("targets list Mine")
    assert re.search(r"AAPL 2025-09-01 - - - ", say("targets list Mine --history"))
    assert "No target was given" in refused("targets set Mine AAPL")


@pytest.mark.usefixtures("mine")
def test_benchmarks_are_set_listed_and_removed(say: Say, refused: Say, tmp_path: Path) -> None:
    assert say("benchmarks list").startswith("No benchmark yet, so SPY")
    assert "Mine is compared with AGG. AGG has no price yet" in say("benchmarks set mine agg")
    assert re.search(r"Mine AGG 2025-06-30 ", say("benchmarks list"))
    path = tmp_path / "benchmarks.csv"
    path.write_text("portfolio_name,symbol,effective_date\nMine,VT,2025-08-01\n")
    assert "benchmarks (files): 1 row read, 1 new, from 2025-08-01 on" in say(f"load benchmarks {path}")
    assert "compared with SPY again" in say("benchmarks remove Mine --from 2025-09-01")
    assert re.search(r"Mine SPY \(default\) 2025-09-01 ", say("benchmarks list Mine"))
    assert re.search(r"AGG 2025-06-30 .* VT 2025-08-01 ", say("benchmarks list Mine --history"))
    assert "'CASH' is cash" in refused("benchmarks set Mine CASH")


@pytest.mark.usefixtures("mine")
def test_flows_are_added_corrected_and_removed(say: Say, refused: Say) -> None:
    say("capital-flows add Mine --amount -1,200.50 --date 2025-07-01 --notes rent")
    flow = re.search(r"([0-9a-f]{8}) Mine 2025-07-01 -1,200\.5 rent", say("capital-flows list"))
    assert flow
    again = say("capital-flows add Mine --amount -1,200.50 --date 2025-07-01")
    assert f"already, and both count. If it is the same one, `sigmasight capital-flows remove {flow[1]}`" in (
        re.sub(r"\s+", " ", again)
    )
    second = next(
        one for one in re.findall(r"([0-9a-f]{8}) Mine", say("capital-flows list")) if one != flow[1]
    )
    say(f"capital-flows remove {second}")
    say(f"capital-flows correct {flow[1]} --amount 50")
    assert " 50 rent" in say("capital-flows list Mine")
    say(f"capital-flows remove {flow[1]}")
    assert say("capital-flows list").startswith("No flow yet")
    assert len(re.findall(flow[1], say("capital-flows list --history"))) == 3
    assert "No capital flow begins with 'zz'" in refused("capital-flows remove zz")
    assert len(re.findall(flow[1], say("flows list --history"))) == 3  # the name until 0.1


@pytest.mark.usefixtures("mine")
def test_marks_are_added_and_removed(say: Say, refused: Say) -> None:
    say("marks add Mine home_equity --price 3.25 --date 2025-07-01")
    assert "HOME_EQUITY 2025-07-01 3.25" in say("marks list")
    say("marks remove Mine HOME_EQUITY --date 2025-07-01")
    assert say("marks list Mine").startswith("No mark yet")
    assert "2025-07-01 - " in say("marks list --history")
    assert "'AAPL' is priced by the market" in refused("marks add Mine AAPL --price 3 --date 2025-07-01")


@pytest.mark.usefixtures("mine")
def test_a_portfolio_is_removed_and_restored(say: Say, refused: Say) -> None:
    assert "from 2025-09-01 on" in say("portfolios remove Mine --owner jane@example.com --date 2025-09-01")
    assert "2 2025-09-01" in say("portfolios list")
    assert "Mine is restored" in say("portfolios restore Mine")
    assert "2 - " in say("portfolios list")
    assert "'Mine' is not removed" in refused("portfolios restore Mine")
    assert len(re.findall("jane@example.com", say("portfolios list --history"))) == 3


@pytest.mark.usefixtures("mine")
def test_a_portfolio_name_is_found_without_regard_to_case(say: Say) -> None:
    for line in (
        "tags add mine AAPL growth",
        "tags list MINE",
        "targets set mine AAPL --eoy 3",
        "targets list ' mine '",
        "capital-flows add mine --amount 5 --date 2025-07-01",
        "capital-flows list mINE",
        "marks add mine HOME_EQUITY --price 3 --date 2025-07-01",
        "marks list MINE",
        "portfolios remove mine --date 2025-09-01",
        "portfolios restore MINE --owner Jane@Example.com",
    ):
        assert "Mine" in say(line), line


@pytest.mark.usefixtures("mine")
def test_a_typo_in_a_portfolio_name_is_refused_with_a_suggestion(refused: Say) -> None:
    suggestion = "did you mean 'Mine' of jane@example.com? `sigmasight portfolios list` shows all."
    assert suggestion in refused("tags add mien AAPL growth")
    assert suggestion in refused("marks list min")
    assert suggestion in refused("portfolios remove Mine --owner joe@example.com")


@pytest.mark.usefixtures("mine")
def test_a_loaded_portfolio_is_shown_with_the_next_command_and_the_account_to_add(
    say: Say, refused: Say
) -> None:
    shown = say("show mine")
    assert "Mine of jane@example.com attention loaded, not built yet; next: `sigmasight nightly" in shown
    assert "`sigmasight users add jane@example.com`" in shown
    say("users add jane@example.com --name 'Jane Doe' --password Correct-horse-7")
    assert "users add" not in say("show")
    assert "did you mean 'Mine'" in refused("show mien")


@pytest.mark.usefixtures("mine")
def test_a_statement_means_the_stored_name_and_a_new_name_is_compared(
    say: Say, refused: Say, tmp_path: Path
) -> None:
    load = f"load positions {tmp_path / 'mine.csv'} --owner jane@example.com"
    dated = "--statement-date 2025-07-01 --no-build"
    loaded = say(f"{load} --portfolio MINE {dated}")
    assert "new portfolio" not in loaded
    assert "Mine of jane@example.com attention loaded, not built yet; next: `sigmasight nightly" in loaded
    assert "ERR_PORT_001" in refused(f"{load} --portfolio mine --new {dated}")
    assert len(re.findall("jane@example.com", say("portfolios list"))) == 1
    assert "next statement" in say(f"{load} --portfolio mine --dry-run")
    question = "'Mime' would be a new portfolio; did you mean 'Mine'?"
    assert question in say(f"{load} --portfolio Mime --equity 100 --dry-run")
    assert f"{question} [ASK_NAME]" in refused(f"{load} --portfolio Mime --equity 100 {dated}")


@pytest.mark.parametrize(
    "line",
    [
        "capital-flows add Mine --amount NaN --date 2025-07-01",
        "capital-flows add Mine --amount 1e999 --date 2025-07-01",
        "targets set Mine AAPL --eoy Infinity",
        "marks add Mine HOME_EQUITY --price 0x10 --date 2025-07-01",
    ],
)
def test_an_invalid_number_is_refused(type_in: Callable[[str], tuple[int, str]], line: str) -> None:
    code, output = type_in(line)
    assert (code, "is not a valid number" in output) == (2, True), output


# --- users -------------------------------------------------------------------------------------------------


def test_disabling_and_enabling_an_account_is_idempotent(say: Say, refused: Say) -> None:
    say("users add jane@example.com --name 'Jane Doe' --password Correct-horse-7")
    assert say("users disable Jane@example.com") == "jane@example.com may not log in."
    assert say("users disable jane@example.com") == "jane@example.com may not log in, as before."
    assert re.search(r"jane@example\.com Jane Doe no ", say("users list"))
    assert say("users enable jane@example.com") == "jane@example.com may log in."
    assert say("users end-sessions Jane@example.com") == "jane@example.com: 0 sessions ended."
    for command in ("disable", "end-sessions"):
        assert "There is no account for joe@example.com" in refused(f"users {command} joe@example.com")


def test_a_password_is_changed_and_never_printed(say: Say, refused: Say) -> None:
    say("users add jane@example.com --name 'Jane Doe' --password Correct-horse-7")
    assert "is changed" in say("users set-password jane@example.com --password Other-horse-8")
    output = refused("users set-password jane@example.com --password weak-one")
    assert "ERR_USER_003" in output
    assert "weak-one" not in output
    assert "no account" in refused("users set-password joe@example.com --password Other-horse-8")


def documented_codes() -> list[tuple[str, str]]:
    """Code and example of each row of the table in docs/users.md."""
    text = (ROOT / "docs/users.md").read_text()
    return re.findall(r"^\| (ERR_USER_\d{3}) \|.*\| `sigmasight (.*)` \|$", text, re.MULTILINE)


def test_every_user_error_code_is_documented() -> None:
    assert {code for code, _ in documented_codes()} == {f"ERR_USER_00{number}" for number in (1, 2, 3, 4)}


@pytest.mark.parametrize(("code", "line"), documented_codes(), ids=lambda text: text.split()[0])
def test_the_documented_example_gives_its_code(say: Say, refused: Say, code: str, line: str) -> None:
    say("users add jane@example.com --name 'Jane Doe' --password Correct-horse-7")
    assert re.findall(r"ERR_USER_\d{3}", refused(line)) == [code]
