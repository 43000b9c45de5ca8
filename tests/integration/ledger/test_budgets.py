"""Privacy budgets as people see and set them: who, within what is spent, told once, forecast from what was charged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.support.airlock_world import LATER, MOBILITY, World, world
from tests.support.budget_pages import ADA, ANA, DORA, OWNER, PROJECT, ROOT, SURVEY, USE, budgeted, charged, form

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, SaferoomError, StaleVersionError
from saferoom.hub.administration import Administration
from saferoom.hub.store import tables
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.approvals.model import PrivacyBudget, Terms
from saferoom.projects.ledger.accounts import NO_ACCOUNT, account_at, address_of
from saferoom.projects.ledger.budgets import Budgets, Guarantee
from saferoom.projects.ledger.limits import Allows, LimitForm, least_epsilon
from saferoom.projects.ledger.losses import Loss, epsilon_at, limit_of
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.ledger.service import BudgetError
from saferoom.projects.life.parts import Actor as LifeActor
from saferoom.projects.notices.kinds import BUDGET
from saferoom.projects.paging import Cut
from saferoom.projects.people.permissions import Actor

DELTA = Decimal("0.000001")
WHOLE = limit_of(4, DELTA)
AS_DORA, AS_ANA, AS_ADA = (Actor.person(name) for name in (DORA, ANA, ADA))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def budgets(place: World) -> Budgets:
    budgeted(place)
    return place.instance.budgets


def _closed(version: int) -> LimitForm:
    return LimitForm(allows=Allows.NOTHING_MORE, version=version)


def test_limit_is_kept_as_it_was_said_with_its_event(place: World, budgets: Budgets) -> None:
    found = budgets.statement(AS_DORA, SURVEY)
    assert found.account.limit == WHOLE
    assert found.said is not None
    assert (found.said.by, found.said.epsilon, found.said.delta, found.said.loss) == ("dora", Decimal(4), DELTA, WHOLE)
    assert found.title == "Survey"
    with place.instance.database.reading() as session:
        (link,) = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == "budget.limit_set")).all()
        assert (link.actor, link.subject) == ("dora", "budget:lineage:survey")
        assert link.payload is not None
        assert link.payload["rho_limit"] == WHOLE.rho


def test_nothing_is_charged_before_its_owner_sets_a_limit_and_then_up_to_it(place: World) -> None:
    with pytest.raises(BudgetError, match="no privacy budget for dataset 'survey' yet"):
        charged(place, "one")
    budgeted(place)
    charged(place, "one", WHOLE.rho)
    with pytest.raises(BudgetError, match=r"rho 0\.000000001 requested, 0 left, 0\.000000001 too much"):
        charged(place, "two", 1)


@pytest.mark.parametrize(
    ("who", "account"),
    [("dora", PROJECT), ("dora", USE), ("ana", SURVEY), ("ana", PROJECT), ("ada", SURVEY), ("ada", OWNER)],
)
def test_limit_is_set_by_nobody_else(place: World, budgets: Budgets, who: str, account: AccountId) -> None:
    before = budgets.statement(AS_ADA, account).account
    with pytest.raises(ForbiddenError):
        budgets.set_limit(Actor.person(Username(who)), account, form("1", version=before.version))
    assert budgets.statement(AS_ADA, account).account == before


@pytest.mark.parametrize(
    ("who", "account"),
    [("otto", SURVEY), ("rita", PROJECT), ("rita", USE), ("ben", SURVEY), ("ana", OWNER), ("otto", OWNER)],
)
def test_outsider_is_told_of_no_budget(budgets: Budgets, who: str, account: AccountId) -> None:
    actor = Actor.person(Username(who))
    assert not budgets.can_see(Username(who), account)
    nowhere = AccountId(account.kind, "no-such/thing" if account.kind is AccountKind.APPROVAL else "no-such")
    said = set()
    for id_ in (account, nowhere):
        for ask in (budgets.statement, budgets.charges, budgets.composition):
            with pytest.raises(NotFoundError) as caught:
                ask(actor, id_)
            said.add(caught.value.message)
        with pytest.raises(NotFoundError) as caught:
            budgets.set_limit(actor, id_, form())
        said.add(caught.value.message)
    assert len(said) == 1


def test_member_sees_figures_of_a_dataset_and_no_charges_of_other_projects(place: World, budgets: Budgets) -> None:
    charged(place, "one")
    found = budgets.statement(AS_ANA, SURVEY)
    assert found.account.spent == Loss(10_000_000)
    assert not found.may_view_charges
    with pytest.raises(ForbiddenError, match="What was charged is shown to the data owner and to administrators"):
        budgets.charges(AS_ANA, SURVEY)
    assert budgets.charges(AS_ANA, PROJECT).total == budgets.charges(AS_DORA, SURVEY).total == 1


def test_operator_of_the_machine_sets_limits_of_projects(place: World, budgets: Budgets) -> None:
    assert budgets.set_limit(ROOT, PROJECT, form("1")).account.limit == limit_of(1, DELTA)
    with pytest.raises(ForbiddenError):
        budgets.set_limit(ROOT, SURVEY, form("1", version=1))
    assert budgets.listing(ROOT).total == budgets.listing(AS_ADA).total


def test_limit_below_what_is_spent_is_refused_and_nothing_changes(place: World, budgets: Budgets) -> None:
    charged(place, "one", WHOLE.rho // 2)
    with pytest.raises(BadInputError, match="below what is spent already") as caught:
        budgets.set_limit(AS_DORA, SURVEY, form("0.5", version=1))
    assert caught.value.field == "epsilon"
    assert budgets.statement(AS_DORA, SURVEY).account.limit == WHOLE
    closed = budgets.set_limit(AS_DORA, SURVEY, _closed(1)).account
    assert closed.limit == closed.spent == Loss(WHOLE.rho // 2)
    with pytest.raises(BudgetError):
        charged(place, "two", 1)


def test_database_itself_refuses_a_limit_below_what_is_spent(place: World, budgets: Budgets) -> None:
    charged(place, "one", 1000)
    with pytest.raises(Exception, match="rho_within"), place.instance.ledger.store.transaction() as tx:
        tx.limit(SURVEY, Loss(999))


def test_second_of_two_who_set_a_limit_is_told_and_overwrites_nothing(budgets: Budgets) -> None:
    budgets.set_limit(AS_DORA, SURVEY, form("5", version=1))
    with pytest.raises(StaleVersionError):
        budgets.set_limit(AS_DORA, SURVEY, form("9", version=1))
    assert budgets.statement(AS_DORA, SURVEY).account.limit == limit_of(5, DELTA)


def test_limits_that_race_with_charges_end_within_both(place: World, budgets: Budgets) -> None:
    """Either the charge comes first and the limit is refused, or the limit does and the charge is."""
    half = WHOLE.rho // 2
    outcomes: list[str] = []

    def tried(name: str, deed: Callable[[], object]) -> None:
        try:
            deed()
            outcomes.append(name)
        except (BudgetError, BadInputError):
            outcomes.append(f"no {name}")

    threads = [
        threading.Thread(target=tried, args=("charge", lambda: charged(place, "one", half))),
        threading.Thread(
            target=tried, args=("limit", lambda: budgets.set_limit(AS_DORA, SURVEY, form("1", version=1)))
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["charge", "no limit"], ["limit", "no charge"])
    account = budgets.statement(AS_DORA, SURVEY).account
    assert account.limit is not None
    assert account.spent.within(account.limit)


def test_limit_that_is_taken_away_lets_other_budgets_decide(place: World, budgets: Budgets) -> None:
    budgets.set_limit(AS_ADA, PROJECT, form("0.5"))
    with pytest.raises(BudgetError, match="project 'mobility'"):
        charged(place, "one")
    with pytest.raises(BadInputError, match="always has a limit"):
        budgets.set_limit(AS_DORA, SURVEY, LimitForm(allows=Allows.NO_LIMIT, version=1))
    budgets.set_limit(AS_ADA, PROJECT, LimitForm(allows=Allows.NO_LIMIT, version=1))
    charged(place, "one")
    assert budgets.statement(AS_ADA, PROJECT).account.left is None


# Alerts


def _told(place: World) -> list[tuple[str, str, str]]:
    people = ("ana", "chris", "dora", "otto", "ada", "ben", "rita")
    told = (one for name in people for one in place.instance.notices.mine(Actor.person(Username(name))).items)
    return sorted((one.about.id, one.facts["share"], one.to) for one in told if one.kind == BUDGET)


def test_everybody_concerned_is_told_once_at_each_level(place: World, budgets: Budgets) -> None:
    place.change(tables.ApprovalRow, (MOBILITY, "survey"), budget={"epsilon": "1000", "delta": "0.000001"})
    budgets.set_limit(AS_ADA, PROJECT, form("8"))
    percent = WHOLE.rho // 100
    charged(place, "one", 49 * percent)
    assert _told(place) == []
    charged(place, "two", 2 * percent)
    assert _told(place) == [("lineage/survey", "50 %", "dora")]
    for number in range(5):
        charged(place, f"more-{number}", percent)
    assert len(_told(place)) == 1
    charged(place, "a leap", 40 * percent)
    assert _told(place)[1:] == [("lineage/survey", "95 %", "dora")]
    budgets.set_limit(AS_DORA, SURVEY, form("100", version=1))
    charged(place, "beyond", limit_of(8, DELTA).rho * 6 // 10)
    whole = [("project/mobility", "80 %", name) for name in ("ada", "ana", "chris")]
    assert [one for one in _told(place) if one[0] != "lineage/survey"] == whole


def test_lowered_limit_tells_those_who_did_not_set_it(place: World, budgets: Budgets) -> None:
    charged(place, "one", WHOLE.rho // 10)
    budgets.set_limit(AS_ADA, PROJECT, form("100"))
    budgets.set_limit(AS_ADA, PROJECT, _closed(1))
    assert _told(place) == [("project/mobility", "95 %", "ana"), ("project/mobility", "95 %", "chris")]
    budgets.set_limit(AS_DORA, SURVEY, _closed(1))
    assert len(_told(place)) == 2


def test_approval_that_is_nearly_spent_tells_its_members_and_its_owner(place: World, budgets: Budgets) -> None:
    place.change(tables.ApprovalRow, (MOBILITY, "survey"), budget={"epsilon": "1", "delta": "0.000001"})
    charged(place, "one", limit_of(1, DELTA).rho * 85 // 100)
    expected = [("approval/mobility:survey", "80 %", name) for name in ("ana", "chris", "dora")]
    assert _told(place) == expected
    notice = next(one for one in place.instance.notices.mine(AS_ANA).items if one.kind == BUDGET)
    assert notice.about.project == MOBILITY
    assert notice.facts["budget"] == "dataset 'survey' in project 'mobility'"


def test_approval_whose_budget_is_lowered_tells_at_the_next_charge(place: World, budgets: Budgets) -> None:
    rho = WHOLE.rho // 4
    charged(place, "one", rho)
    assert _told(place) == []
    lowered = {"epsilon": str(least_epsilon(Loss(rho * 11 // 10), DELTA)), "delta": "0.000001"}
    place.change(tables.ApprovalRow, (MOBILITY, "survey"), budget=lowered)
    charged(place, "two", 1000)
    charged(place, "three", 1000)
    assert _told(place) == [("approval/mobility:survey", "80 %", name) for name in ("ana", "chris", "dora")]


def test_approvals_budget_below_what_is_spent_is_refused_wherever_it_is_written(place: World, budgets: Budgets) -> None:
    charged(place, "one", WHOLE.rho // 2)
    instance, dora = place.instance, LifeActor.person(DORA)
    administration = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    words = f"kind: approval\nproject: {MOBILITY}\ndataset: survey\ngranted_by: dora\nuntil: {LATER}\n"

    def apply(epsilon: str) -> None:
        budget = f"budget: {{epsilon: {epsilon}, delta: 0.000001}}\n"
        administration.apply(read_entries([(words + budget, "approval.yaml")]))

    def revise(budget: PrivacyBudget | None) -> None:
        terms = Terms(until=LATER, budget=budget)
        instance.lives.revise(dora, MOBILITY, DatasetName("survey"), terms)

    apply("3.5")
    with pytest.raises(BadInputError, match="below what is spent already"):
        apply("1")
    with pytest.raises(BadInputError, match="below what is spent already") as caught:
        revise(PrivacyBudget(epsilon=Decimal(1), delta=DELTA))
    assert caught.value.field == "epsilon"
    assert budgets.statement(AS_ANA, USE).account.limit == limit_of(Decimal("3.5"), DELTA)
    revise(PrivacyBudget(epsilon=Decimal(3), delta=DELTA))
    assert budgets.statement(AS_ANA, USE).account.limit == limit_of(3, DELTA)
    revise(None)
    with pytest.raises(BudgetError):
        charged(place, "two")


def test_charge_that_is_refused_tells_nobody(place: World, budgets: Budgets) -> None:
    with pytest.raises(BudgetError):
        charged(place, "one", WHOLE.rho + 1)
    assert _told(place) == []


def test_letter_about_a_budget_goes_to_those_alone_who_may_see_it(place: World, budgets: Budgets) -> None:
    budgets.set_limit(AS_ADA, PROJECT, form("1"))
    charged(place, "one", limit_of(1, DELTA).rho)
    with place.instance.database.transaction() as session:
        assert len(session.scalars(select(LetterRow)).all()) == len(_told(place)) > 1
        session.execute(text("UPDATE projects_members SET ended_at = since WHERE username = 'chris'"))
    refusal = place.instance.sender.refusal
    by_name = {
        name: refusal(place.instance.notices.mine(Actor.person(Username(name))).items[0])
        for name in ("ana", "chris", "ada")
    }
    assert by_name == {"ana": "", "ada": "", "chris": "this person is not concerned any more"}


# What is told of an account


def test_statement_tells_spent_left_forecast_and_what_is_promised(place: World, budgets: Budgets) -> None:
    charged(place, "one", 100_000_000)
    place.clock.advance(timedelta(days=14))
    found = budgets.statement(AS_DORA, SURVEY)
    assert found.account.left == Loss(WHOLE.rho - 100_000_000, WHOLE.delta)
    assert found.forecast.weekly == Loss(50_000_000)
    assert found.forecast.ends is not None
    weeks = (WHOLE.rho - 100_000_000) / 50_000_000
    assert found.forecast.ends == (place.clock.now() + timedelta(weeks=weeks)).date()
    assert found.promised == Guarantee(epsilon_at(100_000_000, 5e-7), Decimal("5e-7"))
    place.clock.advance(timedelta(days=30))
    assert budgets.statement(AS_DORA, SURVEY).forecast.weekly == Loss()


def test_promise_never_exceeds_the_limit_that_was_set(place: World, budgets: Budgets) -> None:
    charged(place, "one", WHOLE.rho, WHOLE.delta)
    promised = budgets.statement(AS_DORA, SURVEY).promised
    assert promised.epsilon <= 4
    assert promised.delta <= DELTA


def test_tighter_accounting_is_told_where_every_charge_is_known(place: World, budgets: Budgets) -> None:
    charged(place, "one")
    charged(place, "two")
    found = budgets.composition(AS_ANA, SURVEY)
    assert found.pld is not None
    assert 0 < found.pld.epsilon < found.zcdp.epsilon
    assert found.pld.delta == found.zcdp.delta
    charged(place, "three", known=False)
    unknown = budgets.composition(AS_ANA, SURVEY)
    assert (unknown.pld, unknown.unknown) == (None, 1)
    assert unknown.zcdp.epsilon > found.zcdp.epsilon


def test_approval_that_has_ended_allows_nothing(place: World, budgets: Budgets) -> None:
    assert budgets.statement(AS_ANA, USE).account.limit == WHOLE
    place.change(tables.ApprovalRow, (MOBILITY, "survey"), ended_at=place.clock.now())
    assert budgets.statement(AS_ANA, USE).account.limit is None
    with pytest.raises(BudgetError):
        charged(place, "one")


def test_project_sees_every_budget_that_its_releases_could_cost(place: World, budgets: Budgets) -> None:
    found = {account.id: account.limit for account in budgets.of_project(AS_ANA, MOBILITY)}
    register = AccountId(AccountKind.LINEAGE, "register")
    assert found == {
        PROJECT: None,
        USE: WHOLE,
        SURVEY: WHOLE,
        AccountId.approval(MOBILITY, DatasetName("register")): None,
        register: None,
    }
    with pytest.raises(NotFoundError):
        budgets.of_project(AS_ANA, ProjectSlug("income"))


# Lists


def test_list_has_what_each_person_may_see(budgets: Budgets) -> None:
    def seen(who: str) -> list[str]:
        return [address_of(one.account.id) for one in budgets.listing(Actor.person(Username(who))).items]

    use = "approval/mobility:survey"
    assert seen("dora") == ["lineage/survey", "owner/dora", "project/income", "project/mobility", use]
    assert seen("ana") == ["lineage/register", "lineage/survey", "project/mobility", use]
    assert seen("otto") == ["lineage/register", "owner/otto", "project/income", "project/mobility"]
    assert seen("ben") == []
    assert set(seen("ada")) == {*seen("dora"), *seen("otto")}
    for who in ("dora", "ana", "otto", "ada"):
        for address in seen(who):
            assert budgets.can_see(Username(who), account_at(*address.split("/"))), (who, address)


def test_list_is_searched_and_cut_by_the_database(budgets: Budgets) -> None:
    assert [one.title for one in budgets.listing(AS_ADA, AccountKind.OWNER, "DAHL").items] == ["Dora Dahl"]
    assert budgets.listing(AS_ADA, text="%").items == ()
    page = budgets.listing(AS_ADA, cut=Cut(2, 3))
    assert (len(page.items), page.total) == (3, 7)
    with pytest.raises(SaferoomError):
        budgets.listing(Actor.person(Username("nobody")))


@pytest.mark.parametrize(("kind", "name"), [("planet", "survey"), ("", ""), ("Lineage", "survey")])
def test_address_of_no_kind_is_of_nothing(kind: str, name: str) -> None:
    with pytest.raises(NotFoundError, match=NO_ACCOUNT):
        account_at(kind, name)


@pytest.mark.parametrize("account", [SURVEY, OWNER, PROJECT, USE])
def test_address_leads_back_to_its_account(account: AccountId) -> None:
    assert account_at(*address_of(account).split("/")) == account
