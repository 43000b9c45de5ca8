"""Files are opened and screened in a process of their own, inside a sandbox: their bytes are whatever somebody wrote.

A *job* goes in on standard input (policy, sources, query, then the files' bytes); after each file one line comes out on
standard output. A file during which the process dies, or takes too long, fails with a sentence that names it, and the
next process goes on with the file behind it.
"""

from __future__ import annotations

from saferoom.hub.filecheck.job import Examination, FileJob
from saferoom.hub.filecheck.runner import examine_files, screen_files

__all__ = ["Examination", "FileJob", "examine_files", "screen_files"]
