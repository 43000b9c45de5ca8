"""What is read of an instance by whoever watches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_server import plain_transport

from saferoom.hub.watching.counts import REGISTRY
from saferoom.hub.watching.gauges import Gauges
from saferoom.hub.watching.readiness import Readiness
from saferoom.hub.watching.verifying import Verification
from saferoom.hub.wiring import Instance

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@contextmanager
def watching(process: AirlockProcess) -> Iterator[httpx.Client]:
    """Yield a client of the face that a running service has for those who watch."""
    path = process.home.socket("metrics")
    with httpx.Client(transport=plain_transport(path), base_url="http://metrics", timeout=30) as client:
        yield client


def samples(text: str) -> Samples:
    """Return every number of a page of metrics by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """Return one number."""
    return found[name, frozenset(labels.items())]


def counted(name: str, **labels: str) -> float:
    """Return what this process has counted so far."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def gauges_of(instance: Instance, rooms: Path | None = None) -> Gauges:
    """Return the gauges of an instance without a service; its answers are never old."""
    clock = iter(range(0, 1_000_000, 10))
    return Gauges(instance, Readiness(instance, lambda: float(next(clock))), Verification(instance), {}, rooms)


def told(gauges: Gauges) -> Samples:
    """Return what the gauges tell now."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in gauges.collect()
        for sample in family.samples
    }
