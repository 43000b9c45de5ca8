"""What the page of record plans says."""

from __future__ import annotations

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign

NEWS = {
    "plan-allowed": "The plan is allowed. Researchers of the projects that it is for can ask for a file by it.",
    "plan-revoked": "The plan is revoked. Nothing more leaves by it; what waits for release stays here.",
}
STATES = {
    "open": Sign("pass", "✓", "allowed"),
    "not yet": Sign("wait", "→", "not allowed yet"),
    "over": Sign("none", "–", "its time is over"),
    "revoked": Sign("none", "–", "revoked"),
}
LABELS = {
    "name": Label("Name", "What researchers ask for it by, as teaching-file. A plan of the same name is replaced."),
    "plan": Label(
        "Plan",
        "In YAML: keys, columns, steps and limits. Only the columns that it lists leave; unit ids among them get new "
        "labels.",
    ),
    "since": Label("First day"),
    "until": Label("Last day"),
    "projects": Label("Projects", "Their names, with spaces between them; empty for every project you approved."),
    "releases": Label("Files at most", "Over all projects and versions of the data."),
    "repeats": Label("Files with random numbers may leave again of the same version; their noise can be averaged then"),
}
