"""Output checkers at work on the airlock's pages."""

from __future__ import annotations

from saferoom.hub.demo.pages import Page, Pages
from saferoom.hub.demo.steps import Step, Steps
from saferoom.hub.drive import HubSession

AIRLOCK = "/services/airlock/"


def approve(steps: Steps, checker: HubSession, request: str) -> None:
    """Find `request` in the queue, look at it and approve its output."""
    with steps.step(f"{checker.username} finds the request in the queue and looks at it") as step:
        pages = Pages(checker.http)
        page = from_queue(step, pages, request)
        step.expect("<table" in page.text, "the page does not show the table")
    with steps.step(f"{checker.username} approves it; the bundle is signed") as step:
        done = pages.send(
            page, page.form("/vote"), choice="approved", comment="Large groups and plain categories; nobody stands out."
        )
        step.expect(done.status == 200, f"the page answered {done.status}")
        step.expect(done.url.endswith("?done=released"), "the page does not say that it was released")


def send_back(steps: Steps, checker: HubSession, request: str) -> None:
    """Return `request` to its author with a comment."""
    with steps.step(f"{checker.username} returns the figure with a comment") as step:
        pages = Pages(checker.http)
        page = from_queue(step, pages, request)
        done = pages.send(page, page.form("/return"), comment="Please say how many people the figure rests on.")
        step.expect(done.status == 200, f"the page answered {done.status}")
        step.expect(done.url.endswith("?done=returned"), "the page does not say that it was returned")


def from_queue(step: Step, pages: Pages, request: str) -> Page:
    """Find `request` in the queue and open its page."""
    queue = pages.open(AIRLOCK + "queue")
    step.expect(queue.status == 200, f"the queue answered {queue.status}")
    path = f"{AIRLOCK}requests/{request}"
    step.expect(path in queue.links, "the request is not in the queue")
    page = pages.open(path)
    step.expect(page.status == 200, f"the request's page answered {page.status}")
    return page
