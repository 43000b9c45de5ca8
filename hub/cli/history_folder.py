"""The folder behind ``--history``: what was released, kept as an instance keeps it.

``memory.key``
    The key under which everything else is encrypted, readable for its owner alone. Whoever can read the whole folder
    can read what is in it: it belongs on the trusted side, as the data do. What the key gives is that no part can be
    changed, swapped or left out unseen, and that a copy without the key tells nothing.
``noise.key``
    What cell-key noise and random rounding are drawn with, made when a query first asks for them.
``entries``
    One sealed entry per release, in files numbered from 1.
``vault``
    Their bodies and the units they brought.
``head``
    How many entries and losses there are, sealed, so that the last ones cannot be left out.
``losses``
    What draws with differential privacy cost, sealed; written before each draw.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from saferoom.clock import SystemClock, isoformat
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.frames import guarded
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, IntegrityError, UnavailableError
from saferoom.hub import keys
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.vault import FileVault
from saferoom.projects.airlock.remembering import Archive, Entry, Told
from saferoom.projects.ledger.losses import Loss, of_epsilon, of_rho

_KEY, _ENTRIES, _VAULT, _HEAD = "memory.key", "entries", "vault", "head"
_NOISE = "noise.key"
_ONE_FILE = "history.saferoom"
_LOSSES = "losses"
_ABOUT_HEAD = {"purpose": "saferoom/history-folder/1", "what": "head"}
_ABOUT_LOSSES = {"purpose": "saferoom/history-folder/1", "what": "losses"}
_LACKS = "the folder lacks something that was committed to it, so nothing can be judged; restore it from a backup"


def noise_key(root: Path) -> bytes:
    """Return the key of noise in the folder, made at first use and readable for its owner alone."""
    try:
        return keys.random_key(root / _NOISE)
    except OSError:
        raise UnavailableError("--history: the folder's key for noise cannot be read or made") from None


class HistoryFolder:
    """Reads and extends the history in a folder; hold `locked` while a query is judged and committed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries: tuple[Entry, ...] = ()
        self.memory = Memory.empty()
        self._losses: tuple[Loss, ...] = ()

    @property
    def losses(self) -> tuple[int, Loss]:
        """How many draws with differential privacy were committed, and what they cost together."""
        return len(self._losses), sum(self._losses, Loss())

    def lose(self, evaluation: Evaluation) -> None:
        """Add what drawing `evaluation` costs; called before the draw, because what was seen has been lost."""
        losses = (*self._losses, _loss_of(evaluation))
        document = [[loss.rho, loss.delta] for loss in losses]
        try:
            cipher = self._cipher()
            _write(self._root / _LOSSES, cipher.seal(json.dumps(document).encode(), _ABOUT_LOSSES))
            self._count(cipher, len(self._entries), len(losses))
        except OSError:
            raise UnavailableError("the history could not be written; nothing was drawn") from None
        self._losses = losses

    def _cipher(self) -> AtRest:
        """Return what seals the folder's parts; from the first use on a folder without a head was tampered with."""
        cipher = AtRest(keys.random_key(self._root / _KEY))
        if not self._entries and not (self._root / _HEAD).exists():
            self._count(cipher, 0, 0)
        return cipher

    def _count(self, cipher: AtRest, entries: int, losses: int) -> None:
        _write(self._root / _HEAD, cipher.seal(json.dumps([entries, losses]).encode(), _ABOUT_HEAD))

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
            self._read()
            yield self
        finally:
            os.close(descriptor)

    def commit(self, evaluation: Evaluation) -> bool:
        """Add what leaves of `evaluation`, and say whether it leaves; a failed one does not and is not added.

        Bodies and units are written before the entry that names them, and the entry before the head that counts it: so
        wherever it is interrupted, the release is remembered whole or not at all.
        """
        if evaluation.verdict is Verdict.FAIL or evaluation.outgoing is None:
            return False
        number = len(self._entries) + 1
        told = Told(f"release-{number}", evaluation.title, "", isoformat(SystemClock().now()), ())
        try:
            cipher = self._cipher()
            archive = Archive(FileVault(self._root / _VAULT), cipher)
            for folder in (_VAULT, _ENTRIES):
                (self._root / folder).mkdir(exist_ok=True, mode=0o700)
            entry = archive.add(self._entries, evaluation, told)
            _write(self._root / _ENTRIES / f"{number:08}", archive.seal(entry))
            self._count(cipher, number, len(self._losses))
        except OSError:
            raise UnavailableError("the history could not be written; nothing was committed") from None
        self._entries = (*self._entries, entry)
        return True

    def _read(self) -> None:
        try:
            if (self._root / _ONE_FILE).exists():
                raise BadInputError(
                    f"--history: {_ONE_FILE} in the folder was written by an earlier version of Saferoom and cannot be "
                    "read; name another folder, and commit to it again what was released"
                )
            names = sorted(path.name for path in (self._root / _ENTRIES).glob("[0-9]*"))
            if not any((self._root / part).exists() for part in (_HEAD, _ENTRIES, _VAULT, _LOSSES)):
                return
            whole = all((self._root / part).exists() for part in (_HEAD, _KEY))
            if not whole or names != [f"{i + 1:08}" for i in range(len(names))]:
                raise IntegrityError(_LACKS)
            cipher = AtRest(keys.random_key(self._root / _KEY))
            archive = Archive(FileVault(self._root / _VAULT), cipher)
            self._losses = self._read_losses(cipher)
            self._check_head(cipher, len(names), len(self._losses))
            self._entries = archive.open((self._root / _ENTRIES / name).read_bytes() for name in names)
            self.memory = archive.memory(self._entries, range(1, len(names) + 1))
        except OSError:
            raise BadInputError("--history: the history in the folder cannot be read") from None
        except IntegrityError as error:
            raise IntegrityError(f"--history: {error.message}") from None

    def _read_losses(self, cipher: AtRest) -> tuple[Loss, ...]:
        file = self._root / _LOSSES
        if not file.exists():
            return ()
        data = file.read_bytes()
        return guarded(lambda: tuple(Loss(*pair) for pair in json.loads(cipher.open(data, _ABOUT_LOSSES))), _LACKS)

    def _check_head(self, cipher: AtRest, *there: int) -> None:
        head = (self._root / _HEAD).read_bytes()
        said = guarded(lambda: json.loads(cipher.open(head, _ABOUT_HEAD)), _LACKS)
        # Folders from before there were losses count entries alone.
        counts = guarded(lambda: [int(said), 0] if isinstance(said, int) else [int(one) for one in said], _LACKS)
        # What was interrupted leaves one entry, or one loss, that is whole and not yet counted.
        if len(counts) != len(there) or any(
            found not in (count, count + 1) for found, count in zip(there, counts, strict=True)
        ):
            raise IntegrityError(_LACKS)


def _loss_of(evaluation: Evaluation) -> Loss:
    privacy = evaluation.privacy
    if privacy is None:
        raise ValueError("only queries with differential privacy cost anything")
    made = of_epsilon if privacy["measure"] == "pure" else of_rho
    return made(float(privacy["loss"]), float(privacy["delta"]))


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
