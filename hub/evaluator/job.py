"""What goes into an evaluator process, as a frame, and what comes out, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from saferoom.disclosure.checker import Context
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.history.frames import Segment, array_of, read_frame, write_frame
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, SaferoomError, UnavailableError
from saferoom.ids import Digest
from saferoom.policies.models import ReleaseRoute, RiskAppetite

_NOT_UNDERSTOOD = "the evaluator's answer was not understood; nothing was judged and nothing can be released"


@dataclass(frozen=True)
class Job:
    """One query and everything it is judged by.

    Attributes
    ----------
    query : mapping
        The query document as the researcher sent it; it is parsed inside the sandbox.
    crosswalks : mapping of str to Crosswalk
        By kind of unit, who the project's pseudonyms are in all projects.
    secret : bytes
        What cell-key noise is made with.
    draw : Digest or None
        The plan whose noise is to be drawn, because it was paid for; None where the query is judged.
    """

    query: Mapping[str, Any]
    policy: RiskAppetite
    route: ReleaseRoute
    sources: Sequence[Source]
    memory: Memory
    crosswalks: Mapping[str, Crosswalk]
    secret: bytes | None = field(default=None, repr=False)
    draw: Digest | None = None

    def to_bytes(self) -> bytes:
        """Write the job for the evaluator's standard input: a frame, so that what is large is not read twice."""
        document = {
            "query": dict(self.query),
            "policy": self.policy.model_dump_json(),
            "route": self.route.model_dump_json(),
            "sources": [_write_source(source) for source in self.sources],
            "crosswalks": list(self.crosswalks),
            "secret": None if self.secret is None else self.secret.hex(),
            "draw": self.draw,
        }
        segments: list[Segment] = [self.memory.to_bytes()]
        for crosswalk in self.crosswalks.values():
            segments += [crosswalk.known.astype("<u8"), crosswalk.lineage.astype("<u8")]
        return write_frame(document, segments)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Job:
        """Read what `to_bytes` wrote; anything else is a `BadInputError`."""
        try:
            document, (memory, *arrays) = read_frame(data)
            return cls(
                query=document["query"],
                policy=RiskAppetite.model_validate_json(document["policy"]),
                route=ReleaseRoute.model_validate_json(document["route"]),
                sources=[_read_source(source) for source in document["sources"]],
                memory=Memory.from_bytes(memory),
                crosswalks=_read_crosswalks(document["crosswalks"], arrays),
                secret=None if document["secret"] is None else bytes.fromhex(document["secret"]),
                draw=None if document["draw"] is None else Digest(str(document["draw"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError):
            raise BadInputError("the evaluator was handed a job it does not understand") from None

    def context(self) -> Context:
        """Return what the checker judges by."""
        return Context(
            sources=tuple(self.sources),
            policy=self.policy,
            route=self.route,
            memory=self.memory,
            crosswalks=self.crosswalks,
            secret=self.secret,
        )


def _read_crosswalks(units: Sequence[str], arrays: Sequence[memoryview]) -> dict[str, Crosswalk]:
    numbers = [array_of(segment, "<u8") for segment in arrays]
    pairs = zip(units, numbers[::2], numbers[1::2], strict=True)
    return {unit: Crosswalk(unit, known, lineage) for unit, known, lineage in pairs}


def _write_source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "path": str(source.path),
        "units": list(source.units),
        "codelists": {column: list(labels) for column, labels in source.codelists.items()},
        "columns_known": source.columns_known,
        "one_each": list(source.one_each),
        "boundaries": {column: str(path) for column, path in source.boundaries.items()},
        "claimed": source.claimed,
        "classifications": {column: found.to_json() for column, found in source.classifications.items()},
    }


def _read_source(document: Mapping[str, Any]) -> Source:
    return Source(
        name=document["name"],
        path=Path(document["path"]),
        units=tuple(document["units"]),
        codelists={column: tuple(labels) for column, labels in document["codelists"].items()},
        columns_known=document["columns_known"],
        one_each=tuple(document["one_each"]),
        boundaries={column: Path(path) for column, path in document["boundaries"].items()},
        claimed=document["claimed"],
        classifications={
            column: Classification.from_json(column, found) for column, found in document["classifications"].items()
        },
    )


def write_answer(outcome: Evaluation | SaferoomError) -> bytes:
    """Write an evaluation, or the sentence that says why there is none, for the evaluator's standard output."""
    if isinstance(outcome, Evaluation):
        return json.dumps({"evaluation": outcome.to_json()}, allow_nan=False).encode()
    return json.dumps({"refused": {"bad_input": outcome.http_status == 422, "message": outcome.message}}).encode()


def read_answer(data: bytes) -> Evaluation:
    """Read what `write_answer` wrote.

    Raises
    ------
    BadInputError
        The evaluator refused the query; the message is its sentence.
    UnavailableError
        It refused for another reason, or the answer is not an evaluation. Never taken for a pass.
    """
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or len(document) != 1:
            raise UnavailableError(_NOT_UNDERSTOOD)
        if "refused" in document:
            refused = document["refused"]
            raise _refusal(refused["bad_input"], refused["message"])
        return Evaluation.from_json(document["evaluation"])
    except SaferoomError as error:
        if isinstance(error, UnavailableError) or "refused" in data[:12].decode("ascii", "replace"):
            raise
        raise UnavailableError(_NOT_UNDERSTOOD) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ArithmeticError):
        raise UnavailableError(_NOT_UNDERSTOOD) from None


def _refusal(bad_input: object, message: object) -> SaferoomError:
    if not isinstance(message, str) or not isinstance(bad_input, bool):
        return UnavailableError(_NOT_UNDERSTOOD)
    return BadInputError(message) if bad_input else UnavailableError(message)
