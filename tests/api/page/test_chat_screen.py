"""The chat on the page: an answer as it comes, the query of each figure, nothing hostile from its text."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from api.page.assets import load_page
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.example import ARGUMENTS, QUESTION, answer
from tests.api.chat.responses_server import ModelRequest, ModelServer, Script, serving_model
from tests.api.page.conftest import OpenPage
from tests.api.page.reader import Reader
from tests.api.page.running_server import RunningServer
from warehouse.connections import Warehouse

pytestmark = pytest.mark.long

HOSTILE = """# A <script>alert(1)</script> head

![picture](http://elsewhere.example/x.png) and [words](javascript:alert(1)) <img src=x onerror=alert(1)>

- **strong** and *soft*
- `code <b>` stays

| one | two |
|---|---|
| <a href="http://elsewhere.example">a</a> | 2 |

```
<iframe src="http://elsewhere.example"></iframe>
```
"""
MARKUP = {
    *("p", "h3", "ul", "ol", "li", "strong", "em", "code", "pre", "span"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ELEMENTS = """async ([base, text]) => {
    const { markdown } = await import(`${base}/chat/markdown.js`);
    const box = document.body.appendChild(document.createElement("section"));
    box.append(...markdown(text));
    return [[...box.querySelectorAll("*")].map((node) => node.localName), box.textContent];
}"""


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """The scripted model."""
    with serving_model() as serving:
        yield serving


@pytest.fixture(scope="module")
def server(demo: Warehouse, model: ModelServer) -> Iterator[RunningServer]:
    """Serve the demo warehouse with the chat on."""
    running = RunningServer(chat_settings(demo, model, login_attempts_per_address=10_000))
    yield running
    running.stop()


@pytest.fixture
def reader(open_page: OpenPage) -> Reader:
    """Somebody on the chat of their portfolio."""
    somebody = open_page()
    somebody.open()
    somebody.sign_in("demo_individual@sigmasight.com")
    somebody.go(f"#/portfolio/{somebody.portfolio_ids()[0]}/chat")
    return somebody


def ask(reader: Reader, text: str = QUESTION) -> None:
    reader.page.fill("textarea", text)
    reader.page.keyboard.press("Enter")


def test_an_answer_shows_the_query_of_each_figure(reader: Reader, model: ModelServer) -> None:
    model.script(Script().calls("metric", ARGUMENTS).says(answer))
    ask(reader)
    page = reader.page
    page.wait_for_selector(".cited")
    assert page.locator(".cited").count() == 2
    assert page.locator(".cited.unverified").count() == 0
    assert "var_95_1d" in str(page.get_attribute(".cited >> nth=0", "title"))
    page.click(".cited >> nth=0")
    assert "select" in page.inner_text("dialog[open] pre")
    page.keyboard.press("Escape")
    page.click("text=Helpful >> nth=0")
    page.wait_for_selector("text=Helpful >> nth=0 >> xpath=self::*[@aria-pressed='true']")
    page.reload()
    page.wait_for_selector(".cited")
    assert page.get_attribute(".message .row button >> nth=0", "aria-pressed") == "true"
    assert reader.complaints == []


def test_a_figure_of_no_query_is_marked(reader: Reader, model: ModelServer) -> None:
    made_up = "You can lose 987,654.32 dollars."
    model.script(Script().says(made_up).says(made_up))
    ask(reader)
    reader.page.wait_for_selector(".cited.unverified")
    assert "[not verified]" in reader.page.inner_text(".message.answered")


def test_a_memory_is_added_and_forgotten(reader: Reader) -> None:
    page = reader.page
    page.click("summary:has-text('Memories')")
    page.fill("input[maxlength='500']", "I think in drawdowns.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".memories >> text=I think in drawdowns.")
    page.click("button:has-text('Forget')")
    page.wait_for_selector(".memories >> text=I think in drawdowns.", state="detached")
    assert reader.complaints == []


def test_an_answer_can_be_stopped(reader: Reader, model: ModelServer) -> None:
    has_stopped = Event()

    def slow(_: ModelRequest) -> str:
        has_stopped.wait(5)
        return "Late."

    model.script(Script().says(slow))
    ask(reader)
    reader.page.click("button:has-text('Stop')")
    reader.page.wait_for_selector("text=Stopped.")
    has_stopped.set()


def test_figures_of_an_answer_without_an_end_are_said_not_to_be_verified(
    reader: Reader, model: ModelServer
) -> None:
    model.script(Script().says("You hold 777,777.77 USD " * 20, cut_after=60))
    ask(reader)
    reader.page.wait_for_selector("text=lost; try again. The figures above are not verified.")
    reader.page.reload()
    reader.page.wait_for_selector("text=The figures above are not verified.")


def test_text_of_a_model_becomes_no_markup(open_page: OpenPage) -> None:
    reader = open_page()
    reader.open()
    base = f"{reader.origin}/assets/{load_page().digest}"
    found: tuple[list[str], str] = reader.page.evaluate(ELEMENTS, [base, HOSTILE])
    names, text = found
    assert set(names) <= MARKUP
    assert {"strong", "em", "code", "pre", "table", "li"} <= set(names)
    assert "<script>alert(1)</script>" in text
    assert "javascript:" not in text
    assert "elsewhere.example/x.png" not in text
    assert reader.complaints == []


def test_a_chat_that_is_off_says_how_to_switch_it_on(browser: Any, demo: Warehouse) -> None:
    off = RunningServer(demo.settings)
    try:
        reader = Reader(browser.new_page(), off.origin)
        reader.open()
        reader.sign_in("demo_individual@sigmasight.com")
        reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/chat")
        ask(reader)
        reader.page.wait_for_selector("text=OPENAI_API_KEY")
    finally:
        reader.page.close()
        off.stop()
