"""Schemathesis reads the contract of a running service, and sends what it allows and what it forbids."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.request import Request, urlopen

from serve.security.caller import Role
from serve.security.key_file import KeyFile

BIN = Path(sys.executable).parent
RULES = Path(__file__).parents[1] / "contract" / "schemathesis.toml"
PATIENCE_S = 900
EXAMPLES = "15"  # for each operation and phase; more find nothing new and take minutes


@contextmanager
def _serving(folder: Path, bundle: Path, shadow: Path) -> Iterator[str]:
    """The address of a service with keys, cases and a challenger."""
    command = [BIN / "complaint-context", "serve", "--port", "0", "--model", bundle, "--shadow", shadow]
    settings = {"COMPLAINT_CONTEXT_REQUESTS_PER_MINUTE": "10000000"}
    with subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, env=os.environ | settings
    ) as process:
        try:
            line = process.stderr.readline()
            found = re.search(r"http://[\d.]+:\d+", line)
            assert found, line + process.stderr.read()
            yield found[0]
        finally:
            process.kill()


def _open_case(address: str, key: str) -> str:
    """The id of a new case."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = json.dumps({"stories": [{"id": "1", "text": "I lodged a complaint."}]}).encode()
    with urlopen(Request(f"{address}/v1/cases", body, headers), timeout=PATIENCE_S) as answer:
        return json.load(answer)["results"][0]["case"]["id"]


def test_schemathesis_finds_nothing_against_a_running_service(tmp_path, tiny_bundle, tiny_variant):
    challenger = tiny_variant(tmp_path / "challenger", version=9)
    key = KeyFile(tmp_path / "complaint-context.keys.json").create("test", Role.ADMIN, today=date.today())
    with _serving(tmp_path, tiny_bundle, challenger) as address:
        case = _open_case(address, key)
        done = subprocess.run(
            [
                *(BIN / "schemathesis", "--config-file", RULES, "run", f"{address}/openapi.json"),
                *("--header", f"Authorization: Bearer {key}", "--max-examples", EXAMPLES),
                *("--generation-deterministic", "--no-color", "--continue-on-failure"),
                *("--request-timeout", str(PATIENCE_S)),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=PATIENCE_S,
            env=os.environ | {"CASE_ID": case},
        )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert re.search(r"Tested: +(\d+)", done.stdout)[1] == re.search(r"Selected: +\d+/(\d+)", done.stdout)[1]
