"""Takes the picture of the console that README shows: a case made of a story in data/samples.

Run it after a change of the console: make screenshot
"""

import tempfile
from pathlib import Path

from browser import chromium, serving

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "serve" / "console" / "screenshot.png"
SIZE = {"width": 1120, "height": 940}
SHOWN = "ongoing"


def main() -> None:
    """Writes the picture."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as service, chromium() as browser:
        service.send(*_samples())
        page = browser.new_page(base_url=service.address, viewport=SIZE, color_scheme="light")
        page.goto("/")
        page.get_by_role("link", name=_title(SHOWN)).click()
        page.screenshot(path=PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


def _samples() -> list[dict]:
    files = sorted((ROOT / "data" / "samples").glob("*.txt"))
    return [
        {"id": f"s-{number}", "title": _title(file.stem), "text": file.read_text(encoding="utf-8")}
        for number, file in enumerate(files, 1)
    ]


def _title(name: str) -> str:
    return {"ongoing": "Three wards in two days", "planned": "Forty calls before nine"}.get(name, "")


if __name__ == "__main__":
    main()
