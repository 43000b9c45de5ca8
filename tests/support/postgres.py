"""A PostgreSQL for one test run: in a folder of its own, as an unprivileged user, on a UNIX socket alone."""

from __future__ import annotations

import itertools
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database

_START_SECONDS = 30.0
_NAMES = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # processes are killed here, machines are not
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
}


def program(name: str) -> str | None:
    """Return where one of PostgreSQL's programs is; Debian keeps them out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((found for place in ("", *map(str, places)) if (found := _in(place, name))), None)


def _in(place: str, name: str) -> str | None:
    return shutil.which(name, path=place or None)


OWNER, SERVICES = "saferoom", "services"
"""The role that the tables belong to, and the one that services work as."""
ON_POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)
"""Marks what runs on it, beside ``sqlite``."""


class Server:
    """A running PostgreSQL; `settings` are those of its next start."""

    def __init__(self) -> None:
        self.settings = dict(_SETTINGS)
        self.folder = Path(tempfile.mkdtemp(prefix="saferoom-postgres-"))
        self._numbers = itertools.count()
        self._user = next(pwd.getpwnam(name) for name in _NAMES) if os.getuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        data = str(self.folder / "data")
        options = ["-U", "saferoom", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C", "--wal-segsize=1"]
        made = subprocess.run(
            self._command("initdb", "-D", data, *options), cwd="/", capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        self._process = self._start()
        self._run(f"CREATE ROLE {SERVICES} LOGIN")
        self._template = self._make("migrated")

    def database(self) -> str:
        """Return the address of a new, migrated database."""
        return self.copy(self._address(self._template))

    def empty(self) -> str:
        """Return the address of a new database without a table."""
        name = f"empty_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self._address(name)

    def copy(self, address: str) -> str:
        """Return the address of a copy of one of its databases, to which nobody may be connected; for the same role."""
        name = f"copy_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_name(address)} STRATEGY FILE_COPY")
        return as_role(self._address(name), address.split("://", 1)[1].split("@", 1)[0])

    def drop(self, address: str) -> bool:
        """Drop one of its databases; tell whether that could be done, which it cannot while somebody is connected."""
        try:
            self._run(f"DROP DATABASE {_name(address)}")
        except psycopg.errors.ObjectInUse:
            return False
        return True

    def crash(self) -> None:
        """End every one of its processes at once and without a trace in the data, then start it again."""
        self.stop()
        self.go_on()

    def stop(self) -> None:
        """End every one of its processes at once and without a trace in the data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_START_SECONDS)

    def go_on(self) -> None:
        """Start it again after `stop`."""
        self._process = self._start()

    def give(self, file: Path) -> Path:
        """Let the server's user own a file below its folder."""
        if self._user is not None:
            os.chown(file, self._user.pw_uid, self._user.pw_gid)
        return file

    def limit_files(self, backend: int, most: int) -> None:
        """Let one of its processes write no file beyond `most` bytes, as on a disk that is full."""
        child = os.fork()
        if child == 0:  # only the server's own user may
            try:
                if self._user is not None:
                    os.setgid(self._user.pw_gid)
                    os.setuid(self._user.pw_uid)
                resource.prlimit(backend, resource.RLIMIT_FSIZE, (most, most))
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, "the limit could not be set"

    def close(self) -> None:
        """End it and remove its folder."""
        self._process.send_signal(signal.SIGQUIT)  # nothing of it is kept
        self._process.wait(_START_SECONDS)
        shutil.rmtree(self.folder)

    def _command(self, name: str, *words: str) -> list[str]:
        path = program(name)
        assert path is not None, "PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)"
        # It ends with the test run, however that ends.
        command = ["setpriv", "--pdeathsig", "QUIT"]
        if self._user is not None:
            command += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        return [*command, path, *words]

    def _start(self) -> subprocess.Popen[bytes]:
        settings = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        words = ("-D", str(self.folder / "data"), "-k", str(self.folder), *settings)
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(self._command("postgres", *words), cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                said = (self.folder / "log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.02)
            else:
                return process

    def _make(self, name: str) -> str:
        self._run(f"CREATE DATABASE {name}")
        database = Database(self._address(name))
        migrate.upgrade(database)
        database.dispose()
        return name

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _conninfo(self, name: str) -> str:
        return f"host={self.folder} port={self.settings.get('port', 5432)} user=saferoom dbname={name}"

    def _address(self, name: str) -> str:
        return f"postgresql://saferoom@/{name}?host={self.folder}"


def as_role(address: str, role: str) -> str:
    """Return an address of ours as `role` opens it."""
    return f"postgresql://{role}@{address.split('@', 1)[1]}"


def _name(address: str) -> str:
    """Return the database that an address of ours names."""
    return address.split("@/")[1].split("?")[0]
