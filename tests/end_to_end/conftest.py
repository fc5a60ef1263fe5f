"""Real databases: SQLite in a file, and a PostgreSQL server of our own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

INSTALLED = Path("/usr/lib/postgresql")
PATIENCE_S = 120
_FIRST_PAUSE_S = 0.05


class PostgreSQL:
    """A server on a socket in a folder of its own, which nobody else can reach.

    It refuses to run as root, so there it runs as ``postgres``, or else ``nobody``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._numbers = count(1)
        self._user = _other_user() if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user, pwd.getpwnam(self._user).pw_gid)
        self._run("initdb", "-D", self._data, "-U", "cases", "-A", "trust", "-E", "UTF8", "--no-locale")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, after a crash too, and waits until it answers."""
        log = (self._folder / "log").open("ab")
        options = ("-D", self._data, "-k", self._folder, "-c", "listen_addresses=")
        for attempt in range(1, 11):
            self._process = subprocess.Popen(
                self._command("postgres", *options), stderr=log, **self._as_user()
            )
            if self._answers():
                log.close()
                return
            time.sleep(attempt * _FIRST_PAUSE_S)  # what a crash left behind may still be going away
        pytest.fail((self._folder / "log").read_text())

    def kill(self) -> None:
        """Ends it as a power cut would, as far as a process can."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it at once and in order."""
        self._process.send_signal(signal.SIGINT)  # its "fast" shutdown
        self._process.wait(PATIENCE_S)

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"cases_{next(self._numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://cases@/{name}?host={self._folder}"

    def _answers(self) -> bool:
        end, pause_s = time.monotonic() + PATIENCE_S, _FIRST_PAUSE_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                psycopg.connect(self._address("postgres")).close()
                return True
            except psycopg.OperationalError:
                time.sleep(pause_s)
                pause_s = min(1, 2 * pause_s)  # each look costs the server a process
        return False

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(self._command(program, *arguments), capture_output=True, **self._as_user())
        assert done.returncode == 0, done.stderr.decode()

    def _command(self, program: str, *arguments: str | Path) -> list[str]:
        return [str(_programs() / program), *map(str, arguments)]

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {"cwd": self._folder}
        found = pwd.getpwnam(self._user)
        return {"cwd": self._folder, "user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _programs() -> Path:
    found = sorted(INSTALLED.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if found:
        return found[-1]
    assert shutil.which("postgres"), "PostgreSQL is not installed. Run: tests/install_debian_packages.sh"
    return Path(shutil.which("postgres")).parent


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running server."""
    folder = Path(tempfile.mkdtemp(prefix="cc-pg-", dir="/tmp"))  # a socket's path must be short
    folder.chmod(0o700)
    server = PostgreSQL(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database in which there is nothing yet, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/cases.db"
    return request.getfixturevalue("postgresql").create()


@pytest.fixture(scope="module", autouse=True)
def _database_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers that a test starts without more ado keep their cases in a temporary folder."""
    file = tmp_path_factory.mktemp("database") / "cases.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPLAINT_CONTEXT_DATABASE_URL", f"sqlite:///{file}")
        yield
