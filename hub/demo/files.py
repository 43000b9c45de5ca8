"""The file lane: a figure that goes back to its author once, and then past two output checkers."""

from __future__ import annotations

from saferoom.hub.demo.checking import from_queue
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.steps import Steps
from saferoom.hub.drive import HubSession, Room

# The same file with better words: the next round of the same request, in which no earlier vote counts.
_AGAIN = """
figure_request = figure.release(
    title="Wages by parents' education, as a figure",
    context="The paper's first figure: mean hourly wage of 1,230 young men by their parents' education, in 1991.",
    controls="It shows the means of the first table, over at least 150 men each.",
    supporting=["educational-mobility.ipynb"],
)
print(figure_request.id)
"""


def submit_again(steps: Steps, room: Room, request: str) -> None:
    """Let the author say more about the figure in the notebook, and submit the same request again."""
    with steps.step("the researcher says more about the figure and submits it again") as step:
        output = room.execute(_AGAIN)
        step.expect(not output.error, output.error)
        step.expect(output.text.split()[-1] == request, "it became another request")


def approve(steps: Steps, checkers: tuple[HubSession, HubSession], request: str) -> None:
    """Let both checkers look at the figure and approve it; it leaves with the second approval."""
    for checker, done, what in zip(checkers, ("voted", "released"), ("one is not enough", "it leaves"), strict=True):
        with steps.step(f"{checker.username} looks at the figure and approves it: {what}") as step:
            pages = Pages(checker.http)
            page = from_queue(step, pages, request)
            figure = pages.frame(page, 0)
            step.expect("data:image/png;base64," in figure.text, "the page's frame does not show the figure")
            step.expect("Supporting file: educational-mobility.ipynb" in page.text, "the notebook is not there")
            sent = pages.send(page, page.form("/vote"), choice="approved", comment="Means of large groups only.")
            step.expect(sent.status == 200, f"the page answered {sent.status}")
            step.expect(sent.url.endswith(f"?done={done}"), f"the page does not say that it was {done}")
