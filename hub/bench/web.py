"""The `web` benchmark: how long pages take with 1,000 projects, 10,000 requests and 50 people at once.

The whole service works as it does in use: JupyterHub, its proxy, and the airlock service in a process of its own, on
the loopback interface. The people sign in as people do and open pages by locust, each reading a page for a while before
the next. Every answer is counted; one that is not a page is told, and then nothing holds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from saferoom.clock import SystemClock
from saferoom.errors import UnavailableError
from saferoom.hub.bench import web_page
from saferoom.hub.bench.environments import own_python
from saferoom.hub.bench.measure import spread
from saferoom.hub.bench.web_costs import Costs
from saferoom.hub.bench.web_pages import PREFIX, Page, pages_of_all
from saferoom.hub.bench.web_people import PASSWORD, SECRET, enrol, register, visitors
from saferoom.hub.bench.web_requests import fill
from saferoom.hub.demo.process import RunningHub, any_port, running_hub
from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import Username

Say = Callable[[str], None]
Everybodys = Mapping[Username, Sequence[Page]]
FOLDER = Path(".saferoom/bench")
PROJECTS, REQUESTS = 1_000, 10_000
SECONDS, WARM_SECONDS = 60, 8
LEAST_PAUSE, MOST_PAUSE = 1.0, 5.0
MOST_MS = 200.0
_COOKIE = "saferoom-airlock"
_EACH = 6
_HERE = Path(__file__).resolve().parent


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Make the world with `rows` requests (10,000 when left out), let people visit it, and return their times.

    Raises
    ------
    UnavailableError
        Locust could not be installed or did not finish.
    """
    python, problem = own_python("locust", "requirements-web.txt", FOLDER.resolve() / "locust", say)
    if python is None:
        raise UnavailableError(problem or "there is no locust")
    requests = rows or REQUESTS
    with tempfile.TemporaryDirectory(prefix="saferoom-bench-") as name:
        folder = Path(name)
        say(f"web: writing {PROJECTS:,} projects and {requests:,} requests")
        home, pages, world = make_world(folder / "home", PROJECTS, requests)
        with running_hub(home, any_port(None)) as hub:
            say(f"web: {len(pages)} people sign in")
            cookies = {username: signed_in(hub, username) for username in pages}
            say("web: one page at a time")
            costs = one_at_a_time(hub, pages, cookies)
            say(f"web: {len(pages)} people at once, {SECONDS} seconds")
            load = os.getloadavg()[0]
            answers = visit(python, folder, plan(hub, pages, cookies))
    found = summary(answers, costs)
    return {"bench": "web", **world, "seconds": SECONDS, "load_before": round(load, 1), **found}


def make_world(
    root: Path, projects: int, requests: int
) -> tuple[Home, dict[Username, tuple[Page, ...]], dict[str, Any]]:
    """Write an instance at `root`; return it, everybody's pages, and what there is."""
    home = Home(root)
    started = time.perf_counter()
    instance = Instance.open(home)
    try:
        upgrade(instance.database)
        states = fill(instance, register(instance, projects), requests)
        enrol(instance)
        pages = pages_of_all(instance)
    finally:
        instance.close()
    world = {"projects": projects, "requests": requests, "states": states}
    return home, pages, {**world, "making_seconds": round(time.perf_counter() - started, 1)}


def signed_in(hub: RunningHub, username: Username) -> str:
    """Sign in as somebody, open the pages, and return the cookie that the browser then has."""
    import pyotp

    with HubSession(hub.url) as session:
        session.sign_in(username, PASSWORD, pyotp.TOTP(SECRET).at(SystemClock().now()))
        session.http.get(f"{PREFIX}releases").raise_for_status()
        found = [one.value for one in session.http.cookies.jar if one.name == _COOKIE and one.value]
    if not found:
        raise UnavailableError(f"{username} could not sign in to the pages of the benchmark")
    return f"{_COOKIE}={found[0]}"


def one_at_a_time(hub: RunningHub, pages: Everybodys, cookies: Mapping[Username, str]) -> dict[str, dict[str, float]]:
    """Open each kind of page a few times with nobody else about; return what it costs the processor, and its time."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for username, mine in pages.items():
        for page in mine:
            kinds.setdefault(page.name, []).extend((cookies[username], path) for path in page.paths)
    costs = Costs.of(hub.process.pid)
    found = {}
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=60.0) as client:
        for name, ways in sorted(kinds.items()):
            step = max(1, len(ways) // _EACH)
            opened = ways[::step][:_EACH]
            _open(client, *opened[0])
            before, times = costs.spent(), []
            for cookie, path in opened:
                started = time.perf_counter()
                _open(client, cookie, path)
                times.append((time.perf_counter() - started) * 1000)
            spent = costs.since(before)
            one = {f"{who}_cpu_ms": round(seconds * 1000 / len(opened), 1) for who, seconds in spent.items()}
            found[name] = {**one, "alone_ms": round(statistics.median(times), 1)}
    return found


def _open(client: httpx.Client, cookie: str, path: str) -> None:
    answer = client.get(path, headers={"Cookie": cookie, "Sec-Fetch-Dest": "document"})
    if answer.status_code != 200:
        raise UnavailableError(f"the page {path} of the benchmark was answered with {answer.status_code}")


def plan(hub: RunningHub, pages: Everybodys, cookies: Mapping[Username, str]) -> dict[str, Any]:
    """Return what locust needs to know."""
    people = [
        {"name": username, "cookie": cookies[username], "pages": [page.document() for page in mine]}
        for username, mine in pages.items()
    ]
    return {"host": hub.url, "least_pause": LEAST_PAUSE, "most_pause": MOST_PAUSE, "people": people}


def visit(python: Path, folder: Path, what: Mapping[str, Any], seconds: int = SECONDS) -> list[dict[str, Any]]:
    """Let everybody of the plan open pages for some seconds; return every answer after the first few seconds."""
    planned, answered = folder / "plan.json", folder / "answers.json"
    planned.touch(mode=0o600)
    planned.write_text(json.dumps(what), encoding="utf-8")
    people = str(len(what["people"]))
    command = [str(python), "-m", "locust", "-f", str(_HERE / "web_load.py"), "--headless", "--only-summary"]
    command += ["--users", people, "--spawn-rate", people, "--run-time", f"{seconds}s", "--stop-timeout", "30"]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    environment |= {"SAFEROOM_BENCH_PLAN": str(planned), "SAFEROOM_BENCH_ANSWERS": str(answered)}
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=seconds + 90, check=False
        )
        found = json.loads(answered.read_text(encoding="utf-8"))
    except (subprocess.TimeoutExpired, OSError, ValueError):
        raise UnavailableError("locust did not finish its visit; nothing was measured") from None
    if not found:
        raise UnavailableError(f"locust ended with status {done.returncode} and without an answer")
    names = ("at", "page", "ms", "status")
    return [dict(zip(names, answer, strict=True)) for answer in found if answer[0] >= min(WARM_SECONDS, seconds / 2)]


def summary(answers: Sequence[Mapping[str, Any]], costs: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Return median, 95th percentile and number of answers of each page and of all, and whether the promise holds."""
    by_page: dict[str, list[float]] = {}
    for answer in answers:
        by_page.setdefault(answer["page"], []).append(answer["ms"])
    refused = sum(answer["status"] != 200 for answer in answers)
    pages = {name: {**spread(times), **costs.get(name, {})} for name, times in sorted(by_page.items())}
    span = max(answer["at"] for answer in answers) - min(answer["at"] for answer in answers)
    whole = spread([answer["ms"] for answer in answers])
    return {
        "people": len(visitors()),
        "pause_seconds": [LEAST_PAUSE, MOST_PAUSE],
        "processors": os.cpu_count(),
        "pages": pages,
        "all": {**whole, "pages_a_second": round(len(answers) / max(span, 1.0), 1)},
        "not_answered": refused,
        "goal_ms": MOST_MS,
        "slow": [name for name, page in pages.items() if page["p95_ms"] >= MOST_MS],
        "holds": not refused and whole["p95_ms"] < MOST_MS,
    }


def page(result: Mapping[str, Any]) -> str:
    """Return the page of the documentation."""
    return web_page.text(result)


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(
        f"\npages with {result['projects']:,} projects, {result['requests']:,} requests and {result['people']} people "
        f"at once on {result['processors']} processors"
    )
    say(f"  {'':26} {'answers':>7} {'median':>8} {'p95':>8} {'most':>8} {'alone':>8}   processor: airlock, all")
    for name, one in [*result["pages"].items(), ("all pages", result["all"])]:
        alone = f"{one['alone_ms']:5.0f} ms" if "alone_ms" in one else ""
        cost = f"{one['airlock_cpu_ms']:6.0f} {one['all_cpu_ms']:6.0f} ms" if "airlock_cpu_ms" in one else ""
        say(
            f"  {name:26} {one['answers']:7} {one['median_ms']:5.0f} ms {one['p95_ms']:5.0f} ms "
            f"{one['most_ms']:5.0f} ms {alone:>8}   {cost}"
        )
    verdict = "holds" if result["holds"] else "does NOT hold"
    say(
        f"  {result['all']['pages_a_second']} pages a second, {result['not_answered']} not answered; under "
        f"{result['goal_ms']:g} ms at the 95th percentile is promised: {verdict}"
    )
