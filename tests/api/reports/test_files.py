"""Files of reports: the same bytes again, whole, replaced, safe in parallel; what was published stays."""

import builtins
import fcntl
import os
import resource
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.reports.command import Format, Wanted, Written, write_report
from api.reports.errors import NotPublishedError, NotWrittenError, PdfUnavailableError
from api.reports.files import slug_of, slugs_of, write_files
from tests.api.reports.report_files import Reports, portfolios
from tests.api.republish import republished
from warehouse.connections import Warehouse
from warehouse.errors import ForeignFolderError

HEDGE_FUND = "Demo Hedge Fund Style Investor Portfolio"


def contents(written: Written) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in written.folder.iterdir()}


def test_a_report_is_the_same_bytes_again(reports: Reports, demo: Warehouse, tmp_path: Path) -> None:
    keys = portfolios(demo)
    for name in (HEDGE_FUND, "Demo Family Office Private Opportunities"):
        again = write_report(demo, keys[name], Wanted(tmp_path))
        assert not again.replaced
        assert again.folder.name == reports[name].folder.name
        assert contents(again) == contents(reports[name])


def test_writing_again_replaces_and_says_so(demo: Warehouse, tmp_path: Path) -> None:
    key = portfolios(demo)[HEDGE_FUND]
    wanted = Wanted(tmp_path, (Format.MD, Format.CSV))
    first = write_report(demo, key, wanted)
    (first.folder / "portfolio_report.md").write_text("torn")
    (first.folder / "portfolio_report_gone.csv").write_text("of a section that the report no longer has")
    (first.folder / "notes.txt").write_text("mine")
    second = write_report(demo, key, wanted)
    assert (first.replaced, second.replaced) == (False, True)
    assert {path.name for path in second.folder.iterdir()} == {*second.files, "notes.txt"}
    assert (second.folder / "portfolio_report.md").read_text("utf-8").startswith(f"# {HEDGE_FUND}")


def test_a_full_disk_leaves_the_earlier_report(tmp_path: Path) -> None:
    folder = tmp_path / "growth_2025-09-12"
    write_files(folder, {"portfolio_report.md": b"old", "portfolio_report.json": b"old"})
    (folder / ".portfolio_report.md.part").write_text("of a writer that was killed")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(NotWrittenError, match=r"growth_2025-09-12 \(File too large\)"):
            write_files(folder, {"portfolio_report.md": b"new", "portfolio_report.json": b"x" * 10_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "portfolio_report.md": b"old",
        "portfolio_report.json": b"old",
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_only_who_writes_a_report_can_read_it(tmp_path: Path, umask: int) -> None:
    opened = tmp_path / "reports" / "opened_2025-09-12"
    opened.mkdir(parents=True)
    opened.chmod(0o755)
    before = os.umask(umask)
    try:
        for folder in (tmp_path / "new" / "growth_2025-09-12", opened):
            write_files(folder, {"portfolio_report.md": b"AAPL"})
    finally:
        os.umask(before)
    modes = {
        path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "new", *tmp_path.rglob("*_2025-09-12"), *tmp_path.rglob("*.md"))
    }
    assert modes == {
        "new": 0o700,
        "new/growth_2025-09-12": 0o700,
        "new/growth_2025-09-12/portfolio_report.md": 0o600,
        "reports/opened_2025-09-12": 0o710,
        "reports/opened_2025-09-12/portfolio_report.md": 0o600,
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_another_user_planted_is_neither_written_to_nor_waited_for(tmp_path: Path) -> None:
    planted, link, own = (tmp_path / name for name in ("planted_2025-09-12", "link_2025-09-12", "own"))
    for folder in (planted, own):
        folder.mkdir()
    link.symlink_to(own)
    (own / "portfolio_report_kept.csv").write_bytes(b"kept")
    descriptor = os.open(planted, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # held as its owner would
    for folder in (planted, link):
        os.chown(folder, 12_345, -1, follow_symlinks=False)
        with pytest.raises(ForeignFolderError):
            write_files(folder, {"portfolio_report.csv": b"AAPL"})
    os.close(descriptor)
    assert list(planted.iterdir()) == []
    assert [path.name for path in own.iterdir()] == ["portfolio_report_kept.csv"]


def test_parallel_writers_leave_one_whole_report(tmp_path: Path) -> None:
    folder = tmp_path / "same"
    texts = [f"{number}" * 200_000 for number in range(8)]
    names = [f"portfolio_report_{number}.csv" for number in range(5)]

    def write(text: str) -> None:
        write_files(folder, dict.fromkeys(names, text.encode()))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, texts))
    found = {path.read_text("utf-8") for path in folder.iterdir()}
    assert len(found) == 1
    assert found <= set(texts)
    assert sorted(path.name for path in folder.iterdir()) == names


def test_portfolios_of_one_name_have_folders_of_their_own() -> None:
    one, two, other = (UUID(int=number << 96) for number in (1, 2, 3))
    slugs = slugs_of({one: "Growth", two: "growth!", other: "資産"})
    assert slugs == {one: "growth-00000001", two: "growth-00000002", other: "portfolio-00000003"}
    assert slug_of("../../etc") == "etc"


def test_a_portfolio_that_is_not_published_is_named(demo: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(NotPublishedError, match="sigmasight nightly"):
        write_report(demo, UUID(int=0), Wanted(tmp_path))


def test_what_was_published_then_is_the_same_bytes_later(
    reports: Reports, demo: Warehouse, tmp_path: Path
) -> None:
    key = portfolios(demo)[HEDGE_FUND]
    then = datetime.now(UTC)
    with republished(demo, Decimal("12345.67")):
        now = write_report(demo, key, Wanted(tmp_path / "now"))
        as_then = write_report(demo, key, Wanted(tmp_path / "then", published_at=then))
    assert contents(as_then) == contents(reports[HEDGE_FUND])
    assert contents(now)["portfolio_report.json"] != contents(as_then)["portfolio_report.json"]


def test_without_the_extra_pdf_is_refused_in_a_sentence(
    demo: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_typst(name: str, *rest: Any, **more: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_typst)
    key = portfolios(demo)[HEDGE_FUND]
    with pytest.raises(PdfUnavailableError, match=r"pip install 'sigmasight\[pdf\]'"):
        write_report(demo, key, Wanted(tmp_path))
    assert not list(tmp_path.iterdir())
    assert write_report(demo, key, Wanted(tmp_path, (Format.MD,))).files == ("portfolio_report.md",)
