"""The reference pages of the API, made of its own document."""

from __future__ import annotations

import json

from saferoom.hub.web.api.app import PATH, description
from saferoom.hub.web.api.repeats import HEADER


def document() -> str:
    """Return the OpenAPI document as it is committed."""
    return json.dumps(description(), indent=1, sort_keys=True) + "\n"


def page() -> str:
    """Return the page of every call."""
    lines = [
        "# HTTP API\n",
        f"Every call is below `{PATH}/` and takes `Authorization: Bearer srt_...` with an",
        "[API token of one's own](../../how-to/api.md). JupyterHub's tokens, a room's, a browser's session and what",
        "any browser sends are refused. Bodies and answers are JSON; the whole description is in",
        "[openapi.json](openapi.json), which a running service gives to everybody at",
        f"`{PATH}/openapi.json`.\n",
        'A refusal is `{"error": {"code": ..., "message": ..., "field": ...}}`: 401 without a valid token, 403 for',
        "what somebody may not do, 404 for what there is not or what somebody may not know of, 409 in the wrong state",
        "(with the code `stale-version` when somebody else was faster), 422 for what was not understood, 429 for too",
        f"many calls, with `Retry-After`. A `POST` with an `{HEADER}` is done once in 24 hours and answered as often",
        "as it comes. Lists hold `items`, 50 on a page, and `next`, the number for `?page=`, null on the last page.\n",
        "| call | what it does | body |",
        "|---|---|---|",
    ]
    for path, methods in description()["paths"].items():
        for method, call in methods.items():
            said = call["description"].split("\n")[0]
            lines.append(f"| `{method.upper()} {path}` | {said} | {_body(call)} |")
    return "\n".join(lines) + "\n"


def _body(call: dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]]) -> str:
    body = call.get("requestBody")
    return f"`{body['content']['application/json']['schema']['$ref'].rsplit('/', 1)[1]}`" if body else ""
