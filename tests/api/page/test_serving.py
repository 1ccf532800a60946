"""The page is served whole: its files under one hash, cached for ever, nothing inline or from elsewhere."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.page.assets import load_page
from tests.api.page.sources import IMPORT, modules
from warehouse.settings import Settings, project_root

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
OVER_THE_WIRE = 150_000


class Document(HTMLParser):
    """The addresses that a document names, and what stands in it that a policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        for name, value in attrs:
            if name in {"href", "src"} and value and not value.startswith("#"):
                self.addresses.append(value)
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if self._open in {"script", "style"} and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open if self._open != tag else ""


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Serve the page without a warehouse: it needs none."""
    return TestClient(create_app(Settings()))


def test_the_document_is_asked_for_each_time_and_sent_once(client: TestClient) -> None:
    first = client.get("/")
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for response in (first, again):
        assert response.headers["content-security-policy"] == POLICY
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_document_names_every_file_and_has_nothing_inline(client: TestClient) -> None:
    document = Document(client.get("/").text)
    assert document.inline == []
    prefix = f"assets/{load_page().digest}/"
    assert {address.removeprefix(prefix) for address in document.addresses} == set(load_page().assets)
    for address in document.addresses:
        response = client.get(f"/{address}")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-security-policy"] == POLICY


def test_a_file_is_the_same_with_and_without_compression(client: TestClient) -> None:
    for name, asset in load_page().assets.items():
        address = f"/assets/{load_page().digest}/{name}"
        plain = client.get(address, headers={"Accept-Encoding": "identity"})
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert plain.content == packed.content == gzip.decompress(asset.compressed)
        for response in (plain, packed):
            assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/0000000000000000/app/main.js",  # of another version
        f"/assets/{load_page().digest}/app/no_such.js",
        f"/assets/{load_page().digest}/index.html",
        f"/assets/{load_page().digest}/../serving.py",
        f"/assets/{load_page().digest}/%2e%2e/serving.py",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"


def test_every_import_is_a_file_of_the_page() -> None:
    for name, text in modules().items():
        for found in IMPORT.findall(text):
            target = _resolve(PurePosixPath(name).parent, found)
            assert target in modules(), f"{name} imports {found}"


def test_no_module_makes_markup_or_code_out_of_text() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    assert [name for name, text in modules().items() if forbidden.search(text)] == []


def test_scripts_and_styles_stay_small_over_the_wire() -> None:
    total = sum(len(asset.compressed) for asset in load_page().assets.values())
    assert total + len(load_page().index.compressed) < OVER_THE_WIRE


def test_the_documentation_says_how_many_files_there_are_and_how_large() -> None:
    page = load_page()
    text = (project_root() / "docs" / "page.md").read_text("utf-8")
    found = re.search(r"The page is (\d+) small files of this project.*: about (\d+) kB over the wire", text)
    assert found is not None
    assert int(found[1]) == len(page.assets)
    size = sum(len(asset.compressed) for asset in (page.index, *page.assets.values())) / 1000
    assert int(found[2]) == pytest.approx(size, abs=5)
    decision = (project_root() / "docs" / "decisions" / "page.md").read_text("utf-8")
    assert f"| our modules and styles, everything | {found[2]} kB |" in decision


def _resolve(folder: PurePosixPath, relative: str) -> str:
    parts = list(folder.parts)
    for part in relative.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
