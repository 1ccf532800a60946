"""The pinned packages: the file with hashes names the same versions, each with a hash."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from warehouse.settings import project_root

LINE = re.compile(r"(?P<pin>[a-z0-9-]+==[^ ]+)(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")


def test_every_pinned_version_has_a_hash_and_no_file_names_an_index() -> None:
    # Silent failure prevented: a package that is installed without its hash being compared
    pins = (project_root() / "constraints.txt").read_text().splitlines()
    lines = (project_root() / "constraints-hashes.txt").read_text().splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    assert [match["pin"] if match else None for match in matches] == pins
    assert pins == sorted(pins, key=lambda pin: pin.partition("==")[0])


def test_every_required_package_is_pinned() -> None:
    pinned = {
        line.partition("==")[0] for line in (project_root() / "constraints.txt").read_text().splitlines()
    }
    text = (project_root() / "pyproject.toml").read_text()
    section = text[text.index("\ndependencies = [") : text.index("\n[project.optional-dependencies]")]
    required = set(re.findall(r'^    "([A-Za-z0-9-]+)', section, re.MULTILINE))
    assert required - pinned == set()
    assert len(required) > 30


def needed(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What an installed package requires here, with these extras."""
    for text in requires(name) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def test_the_pins_are_complete() -> None:
    # Silent failure prevented: pins are installed without resolving, so that a missing one stays missing
    pins = {line.partition("==")[0] for line in (project_root() / "constraints.txt").read_text().splitlines()}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(pin, frozenset[str]()) for pin in pins]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        with suppress(PackageNotFoundError):  # of another Python or an extra that is not installed here
            for requirement in needed(name, {*extras}):
                assert canonicalize_name(requirement.name) in pins, (name, str(requirement))
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    assert len(seen) > 200


def example_wheel(folder: Path) -> str:
    """Write a wheel; its SHA-256."""
    wheel = folder / "pinned_example-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pinned_example.py", "")
        archive.writestr(
            "pinned_example-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: pinned-example\nVersion: 1.0\n",
        )
        archive.writestr("pinned_example-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("pinned_example-1.0.dist-info/RECORD", "")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_changed_hash_stops_the_installation(tmp_path: Path) -> None:
    digest = example_wheel(tmp_path)
    changed = ("0" if digest[0] != "0" else "1") + digest[1:]
    assert install(tmp_path, digest) == (0, False)
    assert install(tmp_path, changed) == (1, True)


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="the hashes are of these files"
)
def test_a_changed_hash_stops_the_setup_of_make(tmp_path: Path) -> None:
    # Silent failure prevented: pins with hashes that the documented commands do not compare
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(project_root() / name, checkout)
    digest = example_wheel(tmp_path)
    changed = ("0" if digest[0] != "0" else "1") + digest[1:]
    pins = checkout / "constraints-hashes.txt"
    for pinned, stops in ((changed, True), (digest, False)):
        pins.write_text(f"pinned-example==1.0 --hash=sha256:{pinned}\n")
        done = subprocess.run(
            ["make", ".venv/.ready", f"PYTHON={sys.executable}"],  # noqa: S607 - whichever make there is
            cwd=checkout,
            env={
                **os.environ,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(tmp_path),
                "PIP_CONFIG_FILE": os.devnull,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert ("DO NOT MATCH THE HASHES" in done.stderr) is stops
        assert (
            "hatchling" in done.stderr
        ) is not stops  # with the right hash, the next step: nothing is downloaded
        assert not (checkout / ".venv" / ".ready").exists()


def install(folder: Path, digest: str) -> tuple[int, bool]:
    """The exit code of an installation with this hash, and whether the hash stopped it."""
    pins = folder / "pins.txt"
    pins.write_text(f"pinned-example==1.0 --hash=sha256:{digest}\n")
    options = ["--no-index", "--no-cache-dir", "--find-links", str(folder), "--target", str(folder / digest)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--require-hashes", *options, "-r", str(pins)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, "DO NOT MATCH THE HASHES" in done.stderr
