"""The rules of a ValidatingAdmissionPolicy, run on pods by the official CEL runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.chart import Document, of_kind


class Rules:
    """The rules of one ValidatingAdmissionPolicy."""

    def __init__(self, policy: Mapping[str, Any]) -> None:
        from cel_expr_python import cel

        self._env = cel.NewEnv(variables={"object": cel.Type.DYN, "variables": cel.Type.DYN, "request": cel.Type.DYN})
        self._spec = policy["spec"]

    @classmethod
    def named(cls, documents: Sequence[Document], name: str) -> Rules:
        """Return the rules of the policy called `name` in what was rendered."""
        return cls(policy_named(documents, name))

    def refusals(self, pod: Mapping[str, Any], request: Mapping[str, Any] | None = None) -> list[str]:
        """Return the sentences of all rules that `pod` breaks; what cannot be computed counts as broken (Fail).

        `request` says who asks, and for what.
        """
        known: dict[str, Any] = {}
        data = {"object": pod, "variables": known, "request": request or {}}
        for variable in self._spec.get("variables", ()):
            known[variable["name"]] = self._value(variable["expression"], data)
        return [
            rule["message"] for rule in self._spec["validations"] if self._value(rule["expression"], data) is not True
        ]

    def _value(self, expression: str, data: Mapping[str, Any]) -> Any:
        found = self._env.compile(expression).eval(data=dict(data))
        return found.plain_value()


def policy_named(documents: Sequence[Document], name: str) -> Document:
    """Return the policy called `name` in what was rendered."""
    return next(one for one in of_kind(documents, "ValidatingAdmissionPolicy") if one["metadata"]["name"] == name)
