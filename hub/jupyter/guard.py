"""What a room's own server declines: terminals, downloads, conversions.

These are deterrents against carelessness, not boundaries: the server and the researcher's code share a user id, so
code in a room could undo them. The boundaries are the sandbox, the proxy, the hub and the airlock.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.files.handlers import FilesHandler
from jupyterhub.singleuser.extension import JupyterHubAuthorizer
from tornado.web import HTTPError

_OPENED_IN_ROOM = (".ipynb", ".py", ".r", ".md", ".txt", ".sql", ".yaml", ".yml", ".json", ".csv", ".tsv")
_DECLINED = frozenset({"nbconvert", "terminals"})


class NoDownloads(FilesHandler):
    """Answers every download with the way out that exists."""

    @allow_unauthenticated
    async def get(self, *_args: Any, **_options: Any) -> None:
        """Refuse."""
        raise HTTPError(403, "Files leave a room through the airlock only: declare the statistic and ask for release.")

    head = get


class RoomAuthorizer(JupyterHubAuthorizer):  # type: ignore[misc]
    """Allows what JupyterHub's scopes allow, but for reading other files than notebooks and text."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Tell whether a request may be answered."""
        if resource in _DECLINED or not super().is_authorized(handler, user, action, resource):
            return False
        return not (resource == "contents" and handler.request.method == "GET" and _downloads(handler))


def _downloads(handler: Any) -> bool:
    """Tell whether a request asks for the content of a file that JupyterLab has no need to show."""
    path = handler.request.path.rpartition("/")[2].lower()
    return (
        "/api/contents/" in handler.request.path
        and handler.get_query_argument("content", "1") != "0"
        and "." in path.lstrip(".")
        and not path.endswith(_OPENED_IN_ROOM)
        and handler.get_query_argument("type", "file") == "file"
    )
