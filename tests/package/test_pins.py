"""The pinned packages: the file with hashes names the same versions, each with a hash."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

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


def test_a_changed_hash_stops_the_installation(tmp_path: Path) -> None:
    wheel = tmp_path / "pinned_example-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pinned_example.py", "")
        archive.writestr(
            "pinned_example-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: pinned-example\nVersion: 1.0\n",
        )
        archive.writestr("pinned_example-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("pinned_example-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    changed = ("0" if digest[0] != "0" else "1") + digest[1:]
    assert install(tmp_path, digest) == (0, False)
    assert install(tmp_path, changed) == (1, True)


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
