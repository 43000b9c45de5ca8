"""JupyterHub's pages have the same bar as the airlock's, rendered both ways that JupyterHub renders them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupyterhub._data
import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from tests.support import live_world

from saferoom.hub.home import Home
from saferoom.hub.jupyter.config import configure
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.wiring import Instance

_LINK = re.compile(r'<li><a href="([^"]+)"( aria-current="page")?>([^<]+)</a></li>')


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = live_world.build(Home(tmp_path_factory.mktemp("pages") / "home"))
    yield made
    made.close()


def environment(instance: Instance, *, enable_async: bool) -> Environment:
    """Return the environment that JupyterHub makes of our configuration (``jupyterhub.app.init_tornado_settings``)."""
    from traitlets.config import Config

    config = Config()
    configure(config, instance.home)
    base = str(Path(jupyterhub._data.DATA_FILES_PATH) / "templates")
    own = FileSystemLoader([*config.JupyterHub.template_paths, base])
    loader = ChoiceLoader([PrefixLoader({"templates": FileSystemLoader([base])}, "/"), own])
    return Environment(loader=loader, autoescape=True, enable_async=enable_async)


def render(instance: Instance, name: str, person: str, **values: Any) -> str:
    """Return a page as JupyterHub renders it: errors without awaiting anything, everything else with."""
    user = SimpleNamespace(name=person, user_info={}, spawners={}, escaped_name=person) if person else None
    names: dict[str, Any] = {"base_url": "/hub/", "airlock_url": "/services/airlock/", "login_url": "/hub/login"}
    names |= {"user": user, "desk": Desk(instance), "xsrf_token": "x", "logout_url": "/hub/logout"}
    names |= {"status_code": 404, "message": ""} | values
    if name == "error.html":
        return environment(instance, enable_async=False).get_template(name).render(names)
    return asyncio.run(environment(instance, enable_async=True).get_template(name).render_async(names))


def bar(page: str) -> list[tuple[str, bool, str]]:
    return [(href, bool(here), words) for href, here, words in _LINK.findall(page)]


def test_home_says_that_inputs_are_recorded(instance: Instance) -> None:
    said = "Whatever you run in a room is recorded outside it"
    assert said in render(instance, "home.html", "ana")


def test_home_has_the_bar_of_the_persons_roles(instance: Instance) -> None:
    shown = bar(render(instance, "home.html", "ana"))
    assert shown[0] == ("/hub/home", True, "Rooms")
    assert ("/services/airlock/requests", False, "My requests") in shown
    assert ("/services/airlock/register", False, "Register") in shown
    assert "Output checking" not in {words for _, _, words in shown}


def test_error_page_has_the_same_bar_as_the_home_page(instance: Instance) -> None:
    home, error = bar(render(instance, "home.html", "ana")), bar(render(instance, "error.html", "ana"))
    assert [link[::2] for link in home] == [link[::2] for link in error]
    assert not any(here for _, here, _ in error)


@pytest.mark.parametrize("username", ["", "somebody-unknown"])
def test_page_for_nobody_leads_to_what_is_public_alone(instance: Instance, username: str) -> None:
    assert bar(render(instance, "error.html", username)) == [("/services/airlock/register", False, "Register")]


def test_sign_in_page_can_be_used_without_script(instance: Instance) -> None:
    values = {"authenticator_login_url": "/hub/login", "xsrf": "x", "username": "", "login_error": ""}
    page = render(instance, "login.html", "", **values)
    assert '<form class="sheet" method="post" action="/hub/login">' in page
    assert "onclick" not in page
