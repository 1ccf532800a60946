"""A reader of the page: what they do, what they see, and what the browser complains about."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from ingestion.demo.demo import DEMO_PASSWORD

SCREENS = ("overview", "holdings", "performance", "risk", "stress", "options", "data", "chat", "whatif")
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective}`));
"""
SHOWN = """
() => [...document.querySelectorAll("[data-value]")].map((node) => [node.dataset.source, node.dataset.value])
"""
IS_DRAWN = "() => document.querySelector('main') && !document.querySelector('#page[aria-busy]')"


@dataclass
class Reader:
    """A page of a browser. complaints: errors, policy reports, refused or foreign requests."""

    page: Any
    origin: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)

    def open(self, address: str = "") -> None:
        self.page.goto(f"{self.origin}/{address}")

    def sign_in(self, email: str, password: str = DEMO_PASSWORD) -> None:
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("dialog.sign-in", state="detached")
        self.wait()

    def go(self, address: str) -> None:
        """Go to an address of the page, such as #/portfolio/ID/risk, and wait until it is drawn."""
        self.page.evaluate("(address) => { location.hash = address; }", address)
        self.wait()

    def wait(self) -> None:
        self.page.wait_for_timeout(50)
        self.page.wait_for_function(IS_DRAWN)
        self.page.wait_for_timeout(100)  # charts are drawn once their width is known

    def portfolio_ids(self) -> list[str]:
        """The portfolios of the first screen."""
        links = self.page.eval_on_selector_all("tbody a", "(all) => all.map((one) => one.hash)")
        return [link.split("/")[2] for link in links]

    def figures(self) -> list[tuple[str, str]]:
        """The source and the value of each figure on the screen."""
        return [(source, value) for source, value in self.page.evaluate(SHOWN)]

    def width_overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"() => {root}.scrollWidth - {root}.clientWidth"))

    def _note_message(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _note_request(self, request: Any) -> None:
        self.requests.append(request.url.removeprefix(self.origin))
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"foreign request: {request.url}")

    def _note_response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


class Answers:
    """What the API answers to one user, path by path, apart from the page."""

    def __init__(self, origin: str, email: str, password: str = DEMO_PASSWORD) -> None:
        self._origin = origin
        body = json.dumps({"email": email, "password": password}).encode()
        self._headers = {"Content-Type": "application/json"}
        self._headers["Authorization"] = f"Bearer {self._read('/auth/login', body)['access_token']}"
        self._known: dict[str, Any] = {}

    def value(self, source: str) -> Any:
        """The field that a figure names as its source: a path and a JSON pointer."""
        path, _, pointer = source.partition("#")
        if path not in self._known:
            self._known[path] = self._read(path)
        value = self._known[path]
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        return value

    def _read(self, path: str, body: bytes | None = None) -> Any:
        request = Request(f"{self._origin}/api/v1{path}", data=body, headers=self._headers)  # noqa: S310
        with urlopen(request) as response:  # noqa: S310 - our own server
            return json.load(response)


def same(shown: str, answered: Any) -> bool:
    """Whether the text of a figure is the API's value, to the last digit."""
    if isinstance(answered, bool) or answered is None:
        return False
    return float(shown) == float(answered) if isinstance(answered, int | float) else shown == answered
