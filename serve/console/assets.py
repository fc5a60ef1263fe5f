"""The console's static files, each at an address with the hash of its content, so it may be kept for good.

url("console.css")     /assets/6b1f0c2ad3e4/console.css
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Response

from serve.problems import NOT_FOUND, ProblemError

router = APIRouter(include_in_schema=False)

_MEDIA_TYPES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file."""

    content: bytes
    hash: str
    media_type: str


def url(name: str) -> str:
    """The address of a static file."""
    return f"/assets/{_assets()[name].hash}/{name}"


@router.get("/assets/{hash}/{name}")
async def show_asset(hash: str, name: str) -> Response:
    """A static file, if it still has the content that was asked for."""
    asset = _assets().get(name)
    if asset is None or asset.hash != hash:
        raise ProblemError(NOT_FOUND, "asset: is not here, or has changed. Load the page again.")
    return Response(asset.content, media_type=asset.media_type, headers={"cache-control": _FOR_GOOD})


@lru_cache(maxsize=1)
def _assets() -> dict[str, Asset]:
    folder = files("serve.console") / "static"
    return {name: _asset((folder / name).read_bytes(), name) for name in _MEDIA_TYPES}


def _asset(content: bytes, name: str) -> Asset:
    return Asset(content, sha256(content).hexdigest()[:12], _MEDIA_TYPES[name])
