"""deploy/prove.sh builds the image and runs what compose.yaml runs, where Debian's packages are there."""

import subprocess

import pytest

from tests.deploy.deployed import DEPLOY, ROOT, run

SKIPPED = 77


def test_the_proof_is_sound_shell() -> None:
    for script in (DEPLOY / "prove.sh", DEPLOY / "postgres" / "create-warehouse.sh"):
        done = run("bash", "-n", script)
        assert done.returncode == 0, done.stderr
        assert script.stat().st_mode & 0o111


@pytest.mark.long
@pytest.mark.slow
def test_the_image_is_built_and_does_its_work() -> None:
    done = subprocess.run([DEPLOY / "prove.sh"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("proved\n")
