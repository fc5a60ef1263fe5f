"""A service with a database of its own, and Debian's Chromium before it; for tests and for the screenshot."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, sync_playwright

COMMAND = Path(sys.executable).with_name("complaint-context")
CHROMIUM = "/usr/bin/chromium"
PATIENCE_S = 180
READY = "complaint-context is ready: "

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Service:
    """A running service; it keeps all that it writes in ``folder``."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder

    def send(self, *stories: dict) -> list[dict]:
        """What the moderation pipeline does: the results of ``POST /v1/cases``."""
        body = json.dumps({"stories": stories}).encode()
        request = Request(f"{self.address}/v1/cases", body, {"content-type": "application/json"})
        with urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["results"]


def environment(folder: Path) -> dict[str, str]:
    """That of a service and of commands which share its database and keys."""
    return os.environ | {
        "COMPLAINT_CONTEXT_DATABASE_URL": f"sqlite:///{folder / 'cases.db'}",
        "COMPLAINT_CONTEXT_KEYS_FILE": str(folder / "keys.json"),
    }


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Service]:
    """Runs ``complaint-context serve`` on a free port until it is no longer needed."""
    command = [str(COMMAND), "serve", "--port", "0", *options]
    with (
        open(folder / "log", "w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=log, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            lines = []
            while not (lines and lines[-1].startswith(READY)):
                lines.append(process.stderr.readline())
                assert lines[-1], f"the service did not start: {lines}"
            yield Service(lines[-1].removeprefix(READY).strip(), folder)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window that knows no host but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        browser.close()
