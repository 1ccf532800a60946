"""The page of the API's documentation: Swagger UI from an installed package; nothing comes from elsewhere."""

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

from api.http.errors import PathNotFound
from api.http.limits import PREFIX

DOCS_PATH: Final = f"{PREFIX}/docs"

DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Of the page: its own scripts and requests; Swagger UI writes styles into elements."""

PACKAGE: Final = "fastapi_swagger.resources"  # only its files are used
MEDIA_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
}
START: Final = f"""\
SwaggerUIBundle({{
  url: "{PREFIX}/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
}});
"""
PAGE: Final = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>SigmaSight API</title>
<link rel="icon" href="{DOCS_PATH}/favicon-32x32.png">
<link rel="stylesheet" href="{DOCS_PATH}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{DOCS_PATH}/swagger-ui-bundle.js"></script>
<script src="{DOCS_PATH}/start.js"></script>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get(DOCS_PATH)
async def docs_page() -> Response:
    """Send the page."""
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": DOCS_POLICY}
    return Response(PAGE, media_type="text/html", headers=headers)


@router.get(f"{DOCS_PATH}/{{name}}")
async def docs_file(name: str) -> Response:
    """Send a script, style or icon of the page. Raises PathNotFound for any other name."""
    if name not in MEDIA_TYPES:
        raise PathNotFound
    return Response(_content(name), media_type=MEDIA_TYPES[name], headers={"Cache-Control": "no-cache"})


@cache
def _content(name: str) -> bytes:
    return START.encode() if name == "start.js" else files(PACKAGE).joinpath(name).read_bytes()
