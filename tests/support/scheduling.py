"""Which worker runs which tests: a file's tests on one, so that what a file shares is made once.

A test run has one core less than it could have while a hub or a browser is waited for; those groups therefore come
first, beside which the others are worked through, and the short files of ``tests/unit`` come last, so that the workers
end together.
"""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling


class FilesAndGroups(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """``--dist loadgroup``, where a test without a group belongs to its file's."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0] if scope == nodeid else scope
