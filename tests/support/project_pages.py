"""Projects in every condition in which their pages look different."""

from __future__ import annotations

from datetime import timedelta

from tests.support.airlock_server import Service
from tests.support.airlock_world import NOW

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import PrivacyBudget, Terms
from saferoom.projects.life.model import Alteration, Proposal, Wish
from saferoom.projects.life.parts import Actor

SURVEY = DatasetName("survey")
RITA, DORA, ADA = (Actor.person(Username(name)) for name in ("rita", "dora", "ada"))
UNTIL = NOW.date() + timedelta(days=200)


def proposed(airlock: Service, slug: str) -> ProjectSlug:
    """Return a draft of rita's that asks for the survey."""
    name = ProjectSlug(slug)
    wish = Wish(dataset=SURVEY, variables=("region", "wage"), rows="wage > 0")
    airlock.world.instance.lives.propose(
        RITA,
        Proposal(
            slug=name,
            title=f"The {slug} project",
            question="Which schools?\nAnd where?",
            benefit="Better ones.",
            gateway="The Act, section 64",
            assessment="DPIA 7",
            outputs="Tables.",
            members=frozenset({Username("rita")}),
            ends=UNTIL,
            datasets=(wish,),
        ),
    )
    return name


def running(airlock: Service, slug: str) -> ProjectSlug:
    """Return a project that runs."""
    lives, name = airlock.world.instance.lives, proposed(airlock, slug)
    lives.submit(RITA, name)
    budget = PrivacyBudget.model_validate({"epsilon": 1, "delta": "0.000001"}, strict=False)
    terms = Terms(until=UNTIL, variables=("region", "wage"), checkers=2, sign_off=True, budget=budget)
    lives.approve(DORA, name, SURVEY, terms)
    lives.confirm(ADA, name)
    return name


def projects_seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Return every kind of page about projects: who looks, and where."""
    lives = airlock.world.instance.lives
    draft, asked, runs = proposed(airlock, "draft"), proposed(airlock, "asked"), running(airlock, "runs")
    lives.submit(RITA, asked)
    more = Alteration(add=frozenset({Username("ana")}), ends=UNTIL + timedelta(days=9))
    lives.amend(RITA, runs, more, "We need Ana.")
    lives.pause(DORA, runs, "A question came up.")
    return {
        "project, draft": ("rita", f"projects/{draft}"),
        "project, changing a draft": ("rita", f"projects/{draft}/edit"),
        "project, running": ("rita", f"projects/{runs}"),
        "project, amending": ("rita", f"projects/{runs}/amend"),
        "project, history": ("rita", f"projects/{runs}/history"),
        "project, closing": ("rita", f"projects/{runs}/do/close"),
        "project, asked of an owner": ("dora", f"projects/{asked}"),
        "project, approving": ("dora", f"projects/{asked}/data/survey/approve"),
        "project, agreeing": ("dora", f"projects/{runs}/amendments/1/survey/agree"),
        "projects, waiting": ("dora", "projects?waiting=yes"),
    }
