"""A decision as the error JupyterHub shows, on pages and in its API alike."""

from __future__ import annotations

from tornado import web

from saferoom.projects.decision import Decision


def refused(decision: Decision) -> web.HTTPError:
    """Return the error that tells the person the decision's reason."""
    error = web.HTTPError(decision.error.http_status, "%s", decision.reason)
    # JupyterHub shows this attribute, where there is one, instead of its own words.
    vars(error)["jupyterhub_message"] = decision.reason
    return error
