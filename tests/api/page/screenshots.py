"""Take the screenshots of docs/page.md from a running server on the demonstration:

python -m tests.api.page.screenshots http://127.0.0.1:8000 docs/screenshots
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from tests.api.page.conftest import ARGUMENTS
from tests.api.page.reader import Reader

CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1180, "height": 780}
PHONE = {"width": 390, "height": 844}
SHOTS = {
    "demo_hedgefundstyle@sigmasight.com": (
        "overview",
        "holdings",
        "performance",
        "risk",
        "stress",
        "data",
    ),
    "demo_options@sigmasight.com": ("options",),
}

PARTS = {
    "risk": ("backtest", ".chart:has-text('Backtest by day')"),
    "options": ("payoffs", "[aria-label='At expiration']"),
}
"""What is further down on a screen: its picture, and the element."""


def take_all(browser: Browser, origin: str, folder: Path) -> None:
    for email, screens in SHOTS.items():
        reader = opened(browser, origin, email)
        portfolio_id = reader.portfolio_ids()[0]
        for screen in screens:
            reader.go(f"#/portfolio/{portfolio_id}/{screen}")
            shoot(reader, folder / f"{screen}.png")
            if screen in PARTS:
                shoot_part(reader, *PARTS[screen], folder)
    reader = opened(browser, origin, "demo_hedgefundstyle@sigmasight.com")
    asked = urlencode({"quantities": json.dumps({"TLT": "5000", "AAPL": "0"})})
    reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/whatif?{asked}")
    reader.page.wait_for_selector(".columns")
    shoot_part(reader, "whatif", ".columns", folder)
    shoot(opened(browser, origin, "demo_familyoffice@sigmasight.com"), folder / "portfolios.png")
    dark = opened(browser, origin, "demo_hedgefundstyle@sigmasight.com", color_scheme="dark")
    dark.go(f"#/portfolio/{dark.portfolio_ids()[0]}/overview")
    shoot(dark, folder / "overview_dark.png")
    dark.page.click(".tile .figure >> nth=0")
    dark.page.wait_for_selector("dialog[open] h3")
    dark.page.locator("dialog").screenshot(path=folder / "definition.png")
    phone = opened(browser, origin, "demo_individual@sigmasight.com", viewport=PHONE)
    phone.go(f"#/portfolio/{phone.portfolio_ids()[0]}/overview")
    shoot(phone, folder / "phone.png")


def opened(browser: Browser, origin: str, email: str, **options: object) -> Reader:
    """A reader who has signed in, in a context of their own."""
    context = browser.new_context(**{"viewport": SIZE, **options})  # type: ignore[arg-type]
    reader = Reader(context.new_page(), origin)
    reader.open()
    reader.sign_in(email)
    return reader


def shoot(reader: Reader, path: Path) -> None:
    reader.page.wait_for_timeout(300)
    reader.page.screenshot(path=path)


def shoot_part(reader: Reader, name: str, element: str, folder: Path) -> None:
    """In a window so high that nothing is scrolled: the bar would stay over the element."""
    reader.page.set_viewport_size({**SIZE, "height": 3_500})
    reader.page.wait_for_timeout(300)
    reader.page.locator(element).screenshot(path=folder / f"{name}.png")
    reader.page.set_viewport_size(SIZE)


def main() -> None:
    origin, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        take_all(browser, origin, folder)
        browser.close()


if __name__ == "__main__":
    main()
