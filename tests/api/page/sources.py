"""The page's own files as text, for tests that read them."""

import re
from functools import cache

from api.page.assets import load_page

IMPORT = re.compile(r'^import .*?from "([^"]+)";', re.MULTILINE)


@cache
def modules() -> dict[str, str]:
    """The modules by name."""
    return {
        name: asset.content.decode() for name, asset in load_page().assets.items() if name.endswith(".js")
    }


@cache
def styles() -> dict[str, str]:
    """The style sheets by name."""
    return {
        name: asset.content.decode() for name, asset in load_page().assets.items() if name.endswith(".css")
    }
