"""Every call of the OpenAPI document, with data that fits it and data that does not, as people of every role.

Schemathesis makes the data from the document and judges the answers by it: none is a defect, each has a status, a type
and a body that the document names, and what does not fit is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from tests.support.airlock_world import INCOME, World
from tests.support.linked_version import linked
from tests.support.matrix.cast import ADA, ANA, BEN, DORA, peopled
from tests.support.matrix.inside import Inside

from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.web.api.app import description
from saferoom.ids import Username
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power
from saferoom.projects.people.permissions import Actor

pytestmark = pytest.mark.sqlite  # what was there before each call is put back from a copy of the file

WHO = (ANA, BEN, DORA, ADA)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
]
PARTS = 2
Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """The service in this process, with something of every kind in it."""
    with peopled(tmp_path_factory.mktemp("schema")) as place:
        _furnish(place)
        made = Inside(place, Evaluator(place.instance), WHO)
        yield made
        made.close()


def _furnish(place: World) -> None:
    place.request()
    place.request("rita", INCOME)
    place.approve(place.request())
    linked(place, "1")
    form = EmergencyForm(username=Username("rita"), power=Power.OUTPUT_CHECKER, hours=2, reason="Nobody else is here.")
    place.instance.people.break_glass(Actor.person(ADA), form)


def known(inside: Inside) -> dict[str, list[Any]]:
    """Return what the parts of an address can be called, as far as there is something of that name."""
    on = inside.world.instance
    with on.database.reading() as session:

        def ids(column: str, table: str) -> list[Any]:
            # In the order they were made: ids are random, and which are drawn decides how many calls succeed.
            found = session.connection().exec_driver_sql(f"SELECT {column} FROM {table} ORDER BY rowid")
            return [row[0] for row in found]

        found = {
            "request_id": ids("id", "airlock_requests"),
            "released": ids("id", "airlock_requests WHERE release_id IS NOT NULL"),
            "output_id": ids("id", "airlock_outputs"),
            "evaluation_id": ids("id", "airlock_evaluations"),
            "notice_id": ids("id", '"notices"')[:3],
            "letter_id": ids("id", "notices_letters")[:3],
            "emergency_id": ids("id", "people_emergencies"),
            "token_id": ids("id", "api_tokens")[:5],
            "record_id": ["record-ana-full", "record-ben-output-checker"],
        }
    found["file_id"] = found["evaluation_id"]
    return found | {
        "slug": ["mobility", "income"],
        "dataset": ["survey", "register"],
        "name": ["survey"],
        "variable": ["region", "wage"],
        "plan": ["teaching-file"],
        "username": ["ana", "ben", "ada"],
        "kind": ["lineage"],
        "suffix": ["csv", "json"],
        "number": [1],
        "version": ["1"],
    }


def operations(inside: Inside) -> list[Operation]:
    document = description()
    # Tokens are sent by the test itself; what is not one is tried elsewhere.
    open_to_all = {name: value for name, value in document.items() if name != "security"}
    schema = schemathesis.openapi.from_dict(open_to_all, config=SchemathesisConfig())
    schema.app = inside.app
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_call_answers_as_the_document_says(inside: Inside, part: int) -> None:
    names, failed, statuses = known(inside), [], Counter[int]()
    mine = operations(inside)[part::PARTS]
    assert len(mine) > 40
    for operation in mine:
        inside.begin()
        for mode, count in examples(operation):
            try:
                _try(inside, operation, mode, count, (names, statuses))
            except (Exception, FailureGroup) as error:
                failed.append(f"{operation.label}: {error}")
    assert not failed, "\n\n".join(failed)
    # Most is refused, but what is done, and what is refused by the state, is looked at as well.
    assert statuses[200] + statuses[201] > len(mine), statuses
    assert all(statuses[refused] for refused in (403, 404, 409, 422)), statuses


def examples(operation: Operation) -> list[tuple[GenerationMode, int]]:
    """Return how many data to make for a call; what has nothing but names in its address cannot be wrong."""
    made = [(GenerationMode.POSITIVE, 2 if any(operation.body) else 1)]
    if any((*operation.body, *operation.query, *operation.headers)):
        made.append((GenerationMode.NEGATIVE, 2))
    return made


def _try(
    inside: Inside,
    operation: Operation,
    mode: GenerationMode,
    count: int,
    known_and_seen: tuple[dict[str, list[Any]], Counter[int]],
) -> None:
    names, statuses = known_and_seen

    @seed(5)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), data=st.data())
    def run(case: Any, data: st.DataObject) -> None:
        path = case.meta.components.get(ParameterLocation.PATH)
        if case.path_parameters and (path is None or path.mode is GenerationMode.POSITIVE):
            released = {"request_id": names["released"]} if operation.path.endswith("/bundle") else {}
            found = names | released
            drawn = {name: data.draw(st.sampled_from(found[name])) for name in case.path_parameters}
            case.path_parameters.update(drawn)
        for who in WHO if mode is GenerationMode.POSITIVE else WHO[:1]:
            headers = {"Authorization": f"Bearer {inside.callers[who].token}"}
            answer = case.call(headers=headers)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS, headers=headers)

    run()


def test_document_names_every_parameter_that_is_tried(inside: Inside) -> None:
    parts = {part[1:-1] for path in description()["paths"] for part in path.split("/") if part.startswith("{")}
    assert parts <= known(inside).keys()


def test_every_deed_takes_a_body_so_that_none_slips_past_its_key() -> None:
    deeds = [methods["post"] for methods in description()["paths"].values() if "post" in methods]
    assert all(deed["requestBody"]["required"] for deed in deeds)
