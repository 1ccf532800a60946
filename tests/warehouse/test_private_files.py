"""The warehouse's files are closed to other users whatever the umask, and planted secrets are refused."""

import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.environment import log_folder
from flows.prefect.server import read_secret, secret_file
from warehouse import embedded_host
from warehouse.embedded import start_embedded
from warehouse.errors import ForeignFolderError, SettingsError
from warehouse.private_folders import make_own, make_private
from warehouse.settings import Settings

Read = Callable[[Settings], str]
SECRETS = {
    "secret_key": Settings.signing_key,
    "analyst_password": Settings.embedded_password,
    "prefect_secret": read_secret,
}


@pytest.fixture(params=[0o000, 0o002, 0o277], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("_umask")
def test_folders_and_secrets_are_private_whatever_the_umask(tmp_path: Path) -> None:
    settings = Settings(sigmasight_home=tmp_path)
    log_folder(settings)
    for name, read in SECRETS.items():
        assert len(read(settings)) >= 32
        assert mode(settings.warehouse_folder / name) == 0o600
    assert [mode(place) for place in (settings.warehouse_folder, settings.warehouse_folder / "logs")] == [
        0o700,
        0o700,
    ]


def test_nobody_else_may_replace_a_folder_in_the_parents_that_it_needs(tmp_path: Path) -> None:
    before = os.umask(0o000)
    make_private(tmp_path / "srv" / "risk" / ".warehouse")
    os.umask(before)
    assert not any(mode(parent) & 0o022 for parent in (tmp_path / "srv", tmp_path / "srv" / "risk"))


def test_an_open_folder_is_closed_and_its_parents_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    parent, folder = tmp_path / "open", tmp_path / "open" / ".warehouse"
    folder.mkdir(parents=True)
    parent.chmod(0o777)
    folder.chmod(0o777)
    make_private(folder)
    assert (mode(parent), mode(folder) & ~0o010) == (0o777, 0o700)
    assert str(folder) in caplog.text


@pytest.mark.parametrize(("name", "read"), SECRETS.items(), ids=list(SECRETS))
@pytest.mark.parametrize("text", ["", "abc", "\n", "x" * 31, "sigmasight:abc"])
def test_a_short_secret_is_refused(tmp_path: Path, name: str, read: Read, text: str) -> None:
    planted = plant(tmp_path, name, text)
    with pytest.raises(SettingsError, match=r"fewer than 32 characters: remove the file"):
        read(Settings(sigmasight_home=tmp_path))
    assert planted.read_text() == text


@pytest.mark.parametrize(("name", "read"), SECRETS.items(), ids=list(SECRETS))
def test_a_secret_that_others_may_write_is_refused(tmp_path: Path, name: str, read: Read) -> None:
    plant(tmp_path, name, f"sigmasight:{'k' * 64}").chmod(0o666)
    with pytest.raises(SettingsError, match=r"others may write it.*remove the file"):
        read(Settings(sigmasight_home=tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(("name", "read"), SECRETS.items(), ids=list(SECRETS))
def test_a_secret_of_another_user_is_refused(tmp_path: Path, name: str, read: Read) -> None:
    os.chown(plant(tmp_path, name, f"sigmasight:{'k' * 64}"), 12_345, -1)
    with pytest.raises(SettingsError, match="belongs to another user"):
        read(Settings(sigmasight_home=tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_or_link_that_another_user_planted_is_refused(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    (shared / "folder").mkdir(parents=True)
    own.mkdir(mode=0o755)
    (shared / "link").symlink_to(own)
    for planted in (shared / "folder", shared / "link"):
        os.chown(planted, 12_345, -1, follow_symlinks=False)
        with pytest.raises(ForeignFolderError, match="another user of this machine"):
            make_own(planted)
    assert mode(own) == 0o755
    make_own(shared / "new")
    assert mode(shared / "new") == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_warehouse_that_another_user_planted_is_refused(tmp_path: Path) -> None:
    # Silent failure prevented: who made the folder takes the database away, or puts a link among its files
    settings, kept = Settings(sigmasight_home=tmp_path / "home"), tmp_path / "kept"
    data = settings.warehouse_folder / "pgdata"
    data.mkdir(parents=True)
    kept.write_text("kept")
    (data / "PG_VERSION").write_text("18")
    (data / "sigmasight.conf").symlink_to(kept)
    os.chown(settings.warehouse_folder, 12_345, -1)
    for use in (lambda: start_embedded(settings.warehouse_folder), lambda: log_folder(settings)):
        with pytest.raises(ForeignFolderError, match="another user of this machine"):
            use()
    assert kept.read_text() == "kept"
    os.chown(settings.sigmasight_home, 12_345, -1)  # a service's own home, on which root works
    assert log_folder(settings).is_dir()


def test_a_link_in_place_of_a_secret_is_not_followed(tmp_path: Path) -> None:
    settings = Settings(sigmasight_home=tmp_path)
    (tmp_path / "elsewhere").write_text("k" * 64)
    settings.warehouse_folder.mkdir()
    (settings.warehouse_folder / "secret_key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="not a plain file"):
        settings.signing_key()


def test_a_readable_secret_is_closed(tmp_path: Path) -> None:
    kept = plant(tmp_path, "secret_key", "k" * 64)
    kept.chmod(0o644)
    assert Settings(sigmasight_home=tmp_path).signing_key() == "k" * 64
    assert mode(kept) == 0o600


def test_the_secret_of_the_schedule_is_where_it_was(tmp_path: Path) -> None:
    assert secret_file(Settings(sigmasight_home=tmp_path)) == tmp_path / ".warehouse" / "prefect_secret"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_parents_are_opened_to_the_servers_user_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed, folder = tmp_path / "closed", tmp_path / "closed" / ".warehouse"
    make_private(folder)
    closed.chmod(0o700)
    embedded_host.open_to_server_user(folder)
    assert (mode(closed), mode(folder)) == (0o701, 0o710)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sum(f"pass through {closed}," in line for line in said) == 1
    embedded_host.open_to_server_user(folder)
    assert sum(f"pass through {closed}," in record.getMessage() for record in caplog.records) == 1


def plant(home: Path, name: str, text: str) -> Path:
    """A secret's file that was there before the first command."""
    path = home / ".warehouse" / name
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    path.chmod(0o600)
    return path
