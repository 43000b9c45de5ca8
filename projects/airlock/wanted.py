"""What an author asks for: outputs in groups, each with its words and supporting files, before anything is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from saferoom.errors import BadInputError
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock.model import Group, Output
from saferoom.projects.airlock.screening import LONGEST, Words, tidy_text

MOST_OUTPUTS = 20
"""Most outputs in one request, files among them: more cannot be looked at with care."""
MOST_SUPPORTING = 20
"""Most supporting files of one request."""
MOST_GROUPS = 10
LONGEST_NAME = 80

Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WantedGroup:
    """Outputs that belong together.

    Attributes
    ----------
    evaluations : tuple of EvaluationId
        Declared statistics and files that would leave, in the order in which they are numbered.
    supporting : tuple of EvaluationId
        Files that are shown to output checkers and stay.
    """

    evaluations: tuple[EvaluationId, ...] = ()
    context: str = ""
    controls: str = ""
    name: str = ""
    supporting: tuple[EvaluationId, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What an author asks for."""

    author: Username
    project: ProjectSlug
    title: str
    groups: tuple[WantedGroup, ...]

    @classmethod
    def of(
        cls,
        author: Username,
        project: ProjectSlug,
        evaluations: Sequence[EvaluationId],
        words: Words,
        supporting: Sequence[EvaluationId] = (),
    ) -> Wanted:
        """Return the wish for one group without a name."""
        group = WantedGroup(tuple(evaluations), words.context, words.controls, "", tuple(supporting))
        return cls(author, project, words.title, (group,))

    @property
    def evaluations(self) -> tuple[EvaluationId, ...]:
        """Everything that would leave, in the order of the groups."""
        return tuple(id_ for group in self.groups for id_ in group.evaluations)

    @property
    def supporting(self) -> tuple[EvaluationId, ...]:
        """Everything that stays, in the order of the groups."""
        return tuple(id_ for group in self.groups for id_ in group.supporting)

    def texts(self) -> Texts:
        """Return each of the author's texts with what messages call it; empty names are left out."""
        return (("title", self.title), *_texts([(g.name, g.context, g.controls) for g in self.groups]))


def texts_of(title: str, groups: Sequence[Group]) -> Texts:
    """Return the texts of a request as `Wanted.texts` does."""
    return (("title", title), *_texts([(g.name, g.context, g.controls) for g in groups]))


def _texts(groups: Sequence[tuple[str, str, str]]) -> Texts:
    found: list[tuple[str, str]] = []
    for number, (name, context, controls) in enumerate(groups, start=1):
        of = f" of group {number}" if len(groups) > 1 else ""
        named = [(f"name{of}" if of else "group's name", name)] if name else []
        found += [*named, (f"context{of}", context), (f"controls{of}", controls)]
    return tuple(found)


def wanted_from(
    author: Username, project: ProjectSlug, content: tuple[str, Sequence[Group], Sequence[Output]]
) -> Wanted:
    """Return the wish that a request's title, groups and outputs are."""
    title, groups, outputs = content
    return Wanted(
        author,
        project,
        title,
        tuple(
            WantedGroup(
                tuple(output.evaluation for output in outputs if output.group == number),
                group.context,
                group.controls,
                group.name,
                tuple(file.evaluation for file in group.supporting),
            )
            for number, group in enumerate(groups, start=1)
        ),
    )


def tidy(wanted: Wanted, complete: bool) -> Wanted:
    """Return `wanted` with tidied words, when it is one that can be kept; `complete` asks for all it takes to submit.

    Raises
    ------
    BadInputError
        Says what is too much, missing, repeated, or cannot be read.
    """
    _check_counts(wanted, complete)
    single = len(wanted.groups) == 1
    groups = tuple(_group(group, number, single, complete) for number, group in enumerate(wanted.groups, start=1))
    names = [group.name.casefold() for group in groups]
    if len(set(names)) != len(names):
        raise BadInputError("two groups have the same name; give each its own")
    return replace(wanted, title=_title(wanted, complete), groups=groups)


def unfinished(wanted: Wanted) -> list[BadInputError]:
    """Return what the words of `wanted` lack before it can be submitted, each with the field it was typed in."""
    single = len(wanted.groups) == 1
    asked: list[Callable[[], object]] = [lambda: _title(wanted, complete=True)]
    for number, group in enumerate(wanted.groups, start=1):
        asked += [partial(_words, group, number, single, name, complete=True) for name in _WORDS]
    found = []
    for ask in asked:
        try:
            ask()
        except BadInputError as error:
            found.append(error)
    return found


def _title(wanted: Wanted, complete: bool) -> str:
    return tidy_text("title", wanted.title, LONGEST["title"], complete, "title")


def _words(group: WantedGroup, number: int, single: bool, name: str, complete: bool) -> str:
    of = "" if single else f" of group {number}"
    text: str = getattr(group, name)
    return tidy_text(f"{name}{of}", text, LONGEST[name], complete, f"groups.{number - 1}.{name}")


_WORDS = ("context", "controls")


def _check_counts(wanted: Wanted, complete: bool) -> None:
    if not wanted.groups:
        raise BadInputError("a request needs at least one group of outputs")
    if len(wanted.groups) > MOST_GROUPS:
        raise BadInputError(f"a request has at most {MOST_GROUPS} groups; put some together")
    if complete and not wanted.evaluations:
        raise BadInputError("a request needs at least one output")
    if len(wanted.evaluations) > MOST_OUTPUTS:
        raise BadInputError(f"a request has at most {MOST_OUTPUTS} outputs; make several requests")
    if len(wanted.supporting) > MOST_SUPPORTING:
        raise BadInputError(f"a request has at most {MOST_SUPPORTING} supporting files; put some together")
    named = (*wanted.evaluations, *wanted.supporting)
    if len(set(named)) != len(named):
        raise BadInputError(
            "a request cannot have the same output twice; name each output and each supporting file once"
        )


def _group(group: WantedGroup, number: int, single: bool, complete: bool) -> WantedGroup:
    at = f"groups.{number - 1}.name"
    name = tidy_text(f"name of group {number}", group.name, LONGEST_NAME, False, at)
    if "\n" in name or "\t" in name:
        raise BadInputError(f"the name of group {number} has several lines; write it in one", field=at)
    if complete and not single and not name:
        raise BadInputError(f"group {number} has no name; where there are several groups, each needs one", field=at)
    if complete and not group.evaluations:
        raise BadInputError(f"group {number} has no output; add one, or take the group out")
    return replace(
        group,
        name=name,
        context=_words(group, number, single, "context", complete),
        controls=_words(group, number, single, "controls", complete),
    )
