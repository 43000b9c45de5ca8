"""The third face of the airlock service: numbers and health, for whoever watches the instance.

It has a listener of its own, which the proxy does not know and no room is given.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from saferoom.hub.watching.counts import REGISTRY
from saferoom.hub.watching.gauges import Gauges
from saferoom.hub.watching.readiness import Readiness
from saferoom.hub.web.shell.faces import bare_app

router = APIRouter()


@dataclass(frozen=True)
class Watch:
    """What the face tells of."""

    readiness: Readiness
    registry: CollectorRegistry


def watch_app(gauges: Gauges) -> FastAPI:
    """Return the face."""
    registry = CollectorRegistry()
    registry.register(gauges)
    ProcessCollector(registry=registry)
    app = bare_app(Watch(gauges.readiness, registry))
    app.include_router(router)
    return app


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show every number, in Prometheus' text format."""
    watch: Watch = request.app.state.parts
    # What is looked up comes first: it counts what was added to the audit trail.
    shown = await run_in_threadpool(lambda: generate_latest(watch.registry) + generate_latest(REGISTRY))
    return Response(shown, media_type=CONTENT_TYPE_LATEST)


@router.get("/health")
async def health() -> Response:
    """Tell that the process is alive."""
    return JSONResponse({"status": "ok"})


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Tell whether every part works, and the names of those that do not."""
    watch: Watch = request.app.state.parts
    missing = [part.value for part, works in (await run_in_threadpool(watch.readiness.parts)).items() if not works]
    if missing:
        return JSONResponse({"status": "not-ready", "parts": missing}, status_code=503)
    return JSONResponse({"status": "ok"})
