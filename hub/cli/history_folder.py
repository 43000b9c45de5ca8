"""The folder behind ``--history``: what was released, in one file that is replaced as a whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, UnavailableError

_FILE = "history.saferoom"


class HistoryFolder:
    """Reads and extends the history in a folder; hold `locked` while a query is judged and committed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.memory = Memory.empty()

    @contextlib.contextmanager
    def locked(self, *, write: bool) -> Iterator[HistoryFolder]:
        """Read the history, and keep others from changing it meanwhile.

        A writer creates the folder; a reader of a folder that does not exist is told so, because judging without the
        history would be less safe than asked for.
        """
        try:
            if write:
                self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            elif not self._root.is_dir():
                raise BadInputError("--history: the folder does not exist")
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            raise BadInputError("--history: the folder cannot be read or made") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
            self.memory = self._read()
            yield self
        finally:
            os.close(descriptor)

    def commit(self, evaluation: Evaluation) -> bool:
        """Add what leaves of `evaluation`, and say whether it leaves; a failed one does not and is not added."""
        if evaluation.verdict is Verdict.FAIL or evaluation.outgoing is None:
            return False
        temporary = self._root / f"{_FILE}.new"
        try:
            with temporary.open("wb") as stream:
                stream.write(self.memory.with_evaluation(evaluation).to_bytes())
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o600)
            temporary.replace(self._root / _FILE)
        except OSError:
            raise UnavailableError("the history could not be written; nothing was committed") from None
        return True

    def _read(self) -> Memory:
        file = self._root / _FILE
        try:
            return Memory.from_bytes(file.read_bytes()) if file.exists() else Memory.empty()
        except OSError:
            raise BadInputError("--history: the history in the folder cannot be read") from None
