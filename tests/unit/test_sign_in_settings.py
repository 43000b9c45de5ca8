"""The settings file of the hub: what is taken, and what stops the start with the setting's name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.oidc import SECRET, settings_file

from saferoom.errors import BadInputError
from saferoom.hub.cli.main import main
from saferoom.hub.sign_in_settings import LocalSignIn, OidcSignIn, load, protected

ISSUER, URL = "https://id.example.org/realms/main", "https://safe.example.org/"


def loaded(folder: Path, **more: Any) -> OidcSignIn:
    found = load(settings_file(folder, more.pop("issuer", ISSUER), more.pop("public_url", URL), **more))
    assert isinstance(found, OidcSignIn)
    return found


def test_settings_of_a_provider_are_taken(tmp_path: Path) -> None:
    found = loaded(tmp_path, session_hours=8, amr_values=["otp", "hwk"])
    assert found.callback == "https://safe.example.org/hub/oauth_callback"
    assert found.lifetime == timedelta(hours=8)
    assert found.client_secret() == SECRET
    assert SECRET not in found.model_dump_json()


def test_local_sign_in_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "saferoom.yaml"
    file.write_text("sign_in: {method: local}\n")
    found = load(file)
    assert isinstance(found, LocalSignIn)
    assert found.public_url is None


def test_local_sign_in_says_where_keys_are_used(tmp_path: Path) -> None:
    file = tmp_path / "saferoom.yaml"
    file.write_text(f"sign_in: {{method: local, public_url: '{URL}'}}\n")
    assert load(file).public_url == URL
    file.write_text("sign_in: {method: local, public_url: 'http://safe.example.org'}\n")
    with pytest.raises(BadInputError, match="`public_url` must begin with https"):
        load(file)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("issuer", "http://id.example.org", "`issuer` must begin with https"),
        ("public_url", "http://safe.example.org", "`public_url` must begin with https"),
        ("issuer", None, "'sign_in.issuer' is missing"),
        ("issuer", "https://id.example.org/?tenant=1", "'sign_in.issuer' must be the provider's issuer"),
        ("client_id", "", "'sign_in.client_id'"),
        ("client_secret_file", "nowhere", "`client_secret_file`"),
        ("client_secret", "x", "unknown key 'client_secret'"),
        ("username_claim", "email", "unknown key 'username_claim'"),
        ("second_factor", None, "'sign_in.second_factor' is missing"),
        ("second_factor", "none", "'sign_in.second_factor' must be one of claim, local"),
        ("second_factor", "local", "`acr_values` and `amr_values` are for `second_factor: claim`"),
        ("acr_values", None, "needs `acr_values` or `amr_values`"),
        ("scopes", ["email"], "`scopes` must have openid"),
        ("algorithms", ["none"], "'sign_in.algorithms"),
        ("algorithms", ["HS256"], "'sign_in.algorithms"),
        ("algorithms", [], "'sign_in.algorithms"),
        ("session_hours", 48, "'sign_in.session_hours' must be a number, above 0 and at most 24"),
        ("clock_skew_seconds", 3600, "'sign_in.clock_skew_seconds'"),
        ("ca_file", "nowhere.pem", "`ca_file`"),
    ],
)
def test_setting_that_is_wrong_is_named(tmp_path: Path, key: str, value: Any, words: str) -> None:
    with pytest.raises(BadInputError) as refusal:
        loaded(tmp_path, **{key: value})
    assert words in refusal.value.message


@pytest.mark.parametrize(
    "text", ["", "sign_in: {}\n", "sign_in: {method: ldap}\n", "x: 1\n", "[1]\n", "sign_in: oidc\n"]
)
def test_file_that_says_no_method_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "saferoom.yaml"
    file.write_text(text)
    with pytest.raises(BadInputError, match=r"saferoom\.yaml"):
        load(file)


@pytest.mark.parametrize(("mode", "taken"), [(0o600, True), (0o440, True), (0o644, False), (0o660, False)])
def test_secret_is_closed_to_others(tmp_path: Path, mode: int, taken: bool) -> None:
    found = loaded(tmp_path)
    (tmp_path / "client-secret").chmod(mode)
    if taken:
        assert found.client_secret() == SECRET
        return
    with pytest.raises(BadInputError, match="chmod 600"):
        found.client_secret()


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n", "x" * 2000, "\u00e9\n"])
def test_secret_is_one_line(tmp_path: Path, text: str) -> None:
    found = loaded(tmp_path)
    (tmp_path / "client-secret").write_text(text)
    with pytest.raises(BadInputError, match="in one line"):
        found.client_secret()


def test_wrong_setting_stops_the_start_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = settings_file(tmp_path, "http://id.example.org", URL)
    with pytest.raises(SystemExit) as leaving:
        main(["hub", "--home", str(tmp_path / "home"), "--settings", str(file)])
    assert leaving.value.code == 2
    assert "`issuer` must begin with https" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


@given(st.sampled_from(["127.0.0.1.example.org", "localhost.example.org", "127.0.0.2", "example.org", "[::2]"]))
def test_http_is_for_this_machine_alone(host: str) -> None:
    assert not protected(f"http://{host}/")
    assert protected("http://127.0.0.1:8000/")
    assert protected(f"https://{host}/")
