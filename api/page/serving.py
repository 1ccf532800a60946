"""Serve the page: its document at `/`, its files at `/assets/{hash}/...`, without a login or a database."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.http.errors import PathNotFound
from api.marts.answers import etag_matches
from api.page.assets import Asset, load_page

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Of the page: its own scripts and styles, its own API, and nothing inline or from elsewhere."""

FOR_EVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """Send the document, which a browser asks for anew each time; 304 if it has this one."""
    loaded = load_page()
    headers = {"ETag": f'"{loaded.digest}"', "Cache-Control": "no-cache"}
    if etag_matches(headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=304, headers={**headers, "Content-Security-Policy": PAGE_POLICY})
    return _send(loaded.index, request, headers)


@router.get("/assets/{digest}/{name:path}")
async def asset(digest: str, name: str, request: Request) -> Response:
    """Send a file of the page. Raises PathNotFound for other files, and for those of another version."""
    loaded = load_page()
    found = loaded.assets.get(name) if digest == loaded.digest else None
    if found is None:
        raise PathNotFound
    return _send(found, request, {"Cache-Control": FOR_EVER})


def _send(asset: Asset, request: Request, headers: dict[str, str]) -> Response:
    """Send a file, compressed for clients that accept it."""
    headers = {**headers, "Content-Security-Policy": PAGE_POLICY, "Vary": "Accept-Encoding"}
    content = asset.content
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        content = asset.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)
