"""The chart as Helm renders it, and the pods in what was rendered.

The sub-chart is a stand-in that knows the keys which Saferoom sets (`tests/support/jupyterhub_stand_in`), because no
chart can be had from package registries. Where ``SAFEROOM_HELM_JUPYTERHUB`` names a folder with the chart of Zero to
JupyterHub, that one is rendered.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "helm" / "saferoom"
STAND_IN = Path(__file__).with_name("jupyterhub_stand_in")
NAMESPACE = "saferoom"
VALUE_SETS = sorted(path.stem for path in (SOURCE / "ci").glob("*.yaml"))

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod that something rendered would start."""

    name: str
    kind: str
    namespace: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """All its containers."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


@dataclass(frozen=True)
class Chart:
    """The chart with its sub-chart beside it."""

    folder: Path

    @classmethod
    def put_together(cls, folder: Path) -> Chart:
        """Copy the chart and the sub-chart into `folder`."""
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        named = os.environ.get("SAFEROOM_HELM_JUPYTERHUB")
        shutil.copytree(Path(named) if named else STAND_IN, folder / "charts" / "jupyterhub")
        return cls(folder)

    def helm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Helm on the chart; it reaches no cluster and has no settings of its own."""
        command = [str(_program()), *words]
        home = self.folder.parent / "helm-home"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "KUBECONFIG": "/dev/null"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)

    def template(self, name: str, *words: str, namespace: str = NAMESPACE) -> subprocess.CompletedProcess[str]:
        """Render the chart with the value set `name` and other `words`."""
        values = str(self.folder / "ci" / f"{name}.yaml")
        return self.helm("template", "saferoom", str(self.folder), "--namespace", namespace, "--values", values, *words)

    def documents(self, name: str, *words: str) -> list[Document]:
        """Return what the chart renders."""
        done = self.template(name, *words)
        assert done.returncode == 0, done.stderr
        return [one for one in yaml.safe_load_all(done.stdout) if one]

    def refused(self, name: str, values: Mapping[str, Any], folder: Path) -> str:
        """Return why the chart does not take `values` on top of a value set."""
        file = folder / "override.yaml"
        file.write_text(yaml.safe_dump(dict(values)))
        done = self.template(name, "--values", str(file))
        assert done.returncode != 0, "these values were taken"
        assert done.stdout == ""
        return done.stderr


def _program() -> Path:
    ours = Path(sys.prefix) / "helm" / "bin" / "helm"
    found = ours if ours.exists() else shutil.which("helm")
    assert found, "Helm is not installed: ./saferoom test tests/helm installs it"
    return Path(found)


def pods(documents: Sequence[Document]) -> Iterator[Pod]:
    """Return every pod of what was rendered, of the sub-chart's, too."""
    for one in documents:
        pod = _pod_of(one)
        if pod is not None:
            labels = pod.get("metadata", {}).get("labels", {})
            yield Pod(one["metadata"]["name"], one["kind"], namespace_of(one), labels, pod["spec"])


def _pod_of(document: Document) -> Document | None:
    kind, spec = document["kind"], document.get("spec", {})
    if kind == "PodTemplate":
        return document["template"]  # type: ignore[no-any-return]
    if kind == "CronJob":
        return spec["jobTemplate"]["spec"]["template"]  # type: ignore[no-any-return]
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        return spec["template"]  # type: ignore[no-any-return]
    return document if kind == "Pod" else None


def namespace_of(document: Document) -> str:
    """Return where a document goes; the sub-chart's do not say it and go where the release is."""
    return str(document["metadata"].get("namespace", NAMESPACE))


def of_kind(documents: Sequence[Document], *kinds: str) -> list[Document]:
    """Return the documents of some kinds."""
    return [one for one in documents if one["kind"] in kinds]
