"""Services work as a role of the database that changes nothing that must be kept; the tables belong to another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from tests.support.chart import Chart, Document, of_kind, pods
from tests.support.postgres import Server, program

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

OWNER = "saferoom-database-owner"


def test_owners_password_is_for_what_brings_the_tables_up_alone(documents: Sequence[Document]) -> None:
    told = {(pod.name, one["name"]) for pod in pods(documents) for one in pod.containers if OWNER in json.dumps(one)}
    assert told <= {("airlock", "tables"), ("database", "postgresql")}
    assert ("airlock", "tables") in told
    assert not [pod.name for pod in pods(documents) if OWNER in json.dumps(pod.spec.get("volumes", []))]


def test_services_are_told_the_address_of_their_own_role(documents: Sequence[Document]) -> None:
    settings = next(one["data"] for one in of_kind(documents, "ConfigMap") if "owner-url" in one.get("data", {}))
    assert settings["url"] == settings["owner-url"].replace("//saferoom@", f"//{settings['user']}@")
    assert settings["user"] != "saferoom"
    for pod in pods(documents):
        for container in pod.containers:
            for one in container.get("env", ()):
                if one["name"] == "SAFEROOM_DATABASE_URL":
                    key = "owner-url" if container["name"] == "tables" else "url"
                    assert one["valueFrom"]["configMapKeyRef"]["key"] == key, (pod.name, container["name"])


@pytest.mark.postgres
def test_the_trials_roles_are_made_and_what_the_airlock_starts_with_gives_them_their_rights(
    chart: Chart, postgres: Server, tmp_path: Path
) -> None:
    documents = chart.documents("trial")
    settings = {one["metadata"]["name"]: one["data"] for one in of_kind(documents, "ConfigMap")}
    script, psql = settings["saferoom-database-roles"]["roles.sh"], program("psql")
    assert psql is not None
    owner = postgres.empty()
    name = psycopg.conninfo.conninfo_to_dict(owner)["dbname"]
    there = {"PATH": f"{Path(psql).parent}:/usr/bin:/bin", "PGHOST": str(postgres.folder)}
    user, password = settings["saferoom-database"]["user"], "it's $HOME \\'; DROP TABLE x"
    image = {"POSTGRES_USER": "saferoom", "POSTGRES_DB": str(name), "SERVICES_PASSWORD": password}
    subprocess.run(["bash", "-ec", script], env=there | image, check=True)
    (tables,) = [one for pod in pods(documents) for one in pod.containers if one["name"] == "tables"]
    command = [word.replace("$(SERVICE_ROLE)", str(user)) for word in tables["command"]]
    assert command[0] == "saferoom"
    environment = {**os.environ, "SAFEROOM_HOME": str(tmp_path / "home"), "SAFEROOM_DATABASE_URL": owner}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *command[1:]],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{user} may work with the tables" in done.stdout
    with psycopg.connect(f"host={postgres.folder} user={user} dbname={name}", autocommit=True) as services:
        assert services.execute("SELECT count(*) FROM audit_links").fetchone() == (0,)
        for statement in ("DELETE FROM audit_links", "UPDATE audit_links SET actor = ''", "DROP TABLE audit_links"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                services.execute(statement.encode())
