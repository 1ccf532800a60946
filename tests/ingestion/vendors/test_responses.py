"""Raw responses of a fake vendor, stored if the settings say so."""

import gzip
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingestion.errors import GarbageError, VendorError
from ingestion.vendors.limits import Line
from ingestion.vendors.responses import keep_response, responses_folder
from ingestion.vendors.vendor_http import LARGEST_ANSWER, VendorHttp, ask_each
from ingestion.vendors.yahoo_session import in_our_words
from warehouse.settings import Settings

COMPRESSED = {
    "/small": ("gzip", gzip.compress(b'{"close": 2.5}')),
    "/large": ("gzip", gzip.compress(bytes(LARGEST_ANSWER + 1), 9)),
    "/twice": ("gzip, gzip", gzip.compress(gzip.compress(bytes(LARGEST_ANSWER), 9), 9)),
    "/broken": ("gzip", b"no gzip"),
    "/deep": ("gzip", gzip.compress(b"[" * 100_000)),
}


class _Vendor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in COMPRESSED:
            encoding, packed = COMPRESSED[self.path]
            self.send_response(200)
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(packed)
            return
        is_known = "known" in self.path
        body = b'{"close": 1.50}' if is_known else b"<html>"
        self.send_response(200 if is_known else 404)
        self.end_headers()
        if "deep" in self.path:
            body = b"[" * 100_000
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_response_is_stored_without_its_key_and_an_error_is_not(tmp_path: Path, url: str) -> None:
    settings = Settings(sigmasight_home=tmp_path, response_days=3)
    http = VendorHttp(
        Line("Vendor", 6000),
        url,
        timeout=5,
        params={"api_key": "top-secret"},
        keep=lambda asked, body: keep_response("vendor", asked, body, settings=settings),
    )
    assert http.get("/known", {"symbol": "AAPL"}) == {"close": 1.5}
    with pytest.raises(VendorError):
        http.get("/nothing")
    (kept,) = responses_folder(settings).glob("*/*/*")
    assert gzip.decompress(kept.read_bytes()) == b'{"close": 1.50}'
    assert "known-symbol=AAPL" in kept.name
    assert "top-secret" not in kept.name


def test_a_compressed_answer_grows_to_the_limit_only(url: str) -> None:
    # Silent failure prevented: ten kilobytes of a vendor fill the memory of the night
    http = VendorHttp(Line("Vendor", 6000), url, timeout=20)
    assert http.get("/small") == {"close": 2.5}
    for path, words in (
        ("/large", "over 64,000,000"),
        ("/twice", "encoding 'gzip, gzip'"),
        ("/broken", "not gzip"),
    ):
        with pytest.raises(GarbageError, match=words):
            http.get(path)


@pytest.mark.parametrize("path", ["/deep", "/unknown-deep"])
def test_an_answer_that_is_nested_deeply_concerns_its_symbol_only(url: str, path: str) -> None:
    # Silent failure prevented: one answer, or one error, ends the load of all symbols
    http = VendorHttp(Line("Vendor", 6000, attempts=1), url, timeout=5)
    answers = ask_each({"AAA": path, "BBB": "/small"}, lambda _, asked: http.get(asked))
    assert answers.found == {"BBB": {"close": 2.5}}
    assert list(answers.missing) == ["AAA"]


@pytest.mark.parametrize("piece", [b"a", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_headers_that_arrive_slowly_end_in_time(piece: bytes) -> None:
    # Silent failure prevented: one answer keeps the night waiting for as long as the vendor sends
    ended = threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(10_000)
            if piece == b"a":
                self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(100):
                if ended.wait(0.05):
                    return
                self.request.sendall(piece)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        begun = time.monotonic()
        with pytest.raises(VendorError, match="no answer within"):
            VendorHttp(Line("Vendor", 6000, attempts=1), url, timeout=0.3).get("/slow")
        assert time.monotonic() - begun < 2
        ended.set()
        server.shutdown()


def test_an_answer_of_yahoo_that_is_nested_deeply_is_none() -> None:
    with pytest.raises(GarbageError):
        in_our_words(lambda: json.loads("[" * 100_000))
