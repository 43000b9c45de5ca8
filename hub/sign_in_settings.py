"""How people sign in: the settings file of ``saferoom hub --settings FILE``.

Without a file people sign in with a password and a one-time code that are kept here.
"""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from saferoom.errors import BadInputError
from saferoom.policies.conform import ALLOWED, conform
from saferoom.policies.document import read_document
from saferoom.policies.models import PolicyModel

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_SECRET = 1024
_ADDRESS = r"^https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~/%-]*)?$"
_VALUE = r"^[!-~]{1,200}$"

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

PublicUrl = Annotated[
    str,
    Field(
        pattern=_ADDRESS,
        max_length=300,
        json_schema_extra={ALLOWED: "where people reach the hub, such as https://safe.example.org"},
    ),
]


class LocalSignIn(PolicyModel):
    """A password, and a one-time code or a security key, all kept here."""

    method: Literal["local"]
    public_url: PublicUrl | None = None
    """Where people reach the hub; security keys are tied to it. Without it they are offered at localhost alone."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.public_url is not None and not protected(self.public_url):
            raise ValueError("`public_url` must begin with https; http is for this machine alone")
        return self


class OidcSignIn(PolicyModel):
    """An OpenID Connect provider says who somebody is; the registry alone says what that person may do."""

    method: Literal["oidc"]
    name: Annotated[
        str,
        Field(pattern=r"^[\w .,&()'-]{1,60}$", json_schema_extra={ALLOWED: "a name such as University of Example"}),
    ]
    """What the sign-in page calls the provider."""
    issuer: Annotated[
        str,
        Field(
            pattern=_ADDRESS,
            max_length=500,
            json_schema_extra={ALLOWED: "the provider's issuer, such as https://id.example.org/realms/main"},
        ),
    ]
    """The provider's own address, letter by letter as it says in its discovery document; https."""
    client_id: Annotated[str, Field(pattern=_VALUE)]
    """What the provider calls this instance."""
    client_secret_file: Annotated[str, Field(min_length=1, max_length=4000)]
    """A file with the client's secret in one line, beside this file or an absolute path; closed to other users."""
    public_url: PublicUrl
    """Where people reach the hub; the provider sends them back to it and `/hub/oauth_callback`; keys are tied to it."""
    scopes: Annotated[tuple[Annotated[str, Field(pattern=_VALUE)], ...], Field(min_length=1, max_length=20)] = (
        "openid",
    )
    """What is asked for; `openid` must be among it. No other claim than the subject, `acr` and `amr` is used."""
    second_factor: Literal["claim", "local"]
    """`claim`: the provider must say that it asked for one. `local`: the person's own code or key is asked for."""
    acr_values: Annotated[tuple[Annotated[str, Field(pattern=_VALUE)], ...], Field(max_length=20)] = ()
    """With `claim`: values of `acr` that stand for a second factor; they are asked for as well."""
    amr_values: Annotated[tuple[Annotated[str, Field(pattern=_VALUE)], ...], Field(max_length=20)] = ()
    """With `claim`: values of `amr` that stand for a second factor, such as `mfa`; one of them is enough."""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "PS256", "ES256", "EdDSA")
    """How ID tokens may be signed."""
    session_hours: Annotated[float, Field(gt=0, le=24)] = 10
    """After this long people sign in again."""
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    """How far the provider's clock may be from this machine's."""
    ca_file: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    """Certificates to trust for the provider instead of the system's, beside this file or an absolute path."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for key in ("issuer", "public_url"):
            if not protected(getattr(self, key)):
                raise ValueError(f"`{key}` must begin with https; http is for this machine alone")
        if "openid" not in self.scopes:
            raise ValueError("`scopes` must have openid among them")
        accepted = self.acr_values or self.amr_values
        if self.second_factor == "claim" and not accepted:
            raise ValueError(
                "`second_factor: claim` needs `acr_values` or `amr_values`: what the provider says after it"
            )
        if self.second_factor == "local" and accepted:
            raise ValueError("`acr_values` and `amr_values` are for `second_factor: claim`")
        return self

    @property
    def lifetime(self) -> timedelta:
        """How long a sign-in holds."""
        return timedelta(hours=self.session_hours)

    @property
    def callback(self) -> str:
        """Where the provider sends people back to."""
        return self.public_url.rstrip("/") + "/hub/oauth_callback"

    def client_secret(self) -> str:
        """Return the client's secret; it is read at each use, so that a new one needs no restart.

        Raises
        ------
        BadInputError
            The file is missing, empty, or open to others.
        """
        path = Path(self.client_secret_file)
        name = "`client_secret_file`"
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise BadInputError(f"{name}: {path} cannot be read; write the secret into it, in one line") from None
        # A group may read it, as with secrets that are mounted into pods.
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise BadInputError(f"{name}: others may read or change {path}; run chmod 600 on it")
        if not text or len(text) > _LONGEST_SECRET or not (text.isascii() and text.isprintable()):
            raise BadInputError(f"{name}: {path} has to hold the secret in one line")
        return text


SignIn = LocalSignIn | OidcSignIn


class LocalSettings(PolicyModel):
    """A settings file with local sign-in."""

    sign_in: LocalSignIn


class OidcSettings(PolicyModel):
    """A settings file with sign-in through a provider."""

    sign_in: OidcSignIn


def load(path: Path) -> SignIn:
    """Return how people sign in by the settings file at `path`; what it names has been looked at.

    Raises
    ------
    BadInputError
        With file, line, the setting's name and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"--settings: {path} cannot be read as text") from None
    document = read_document(text, path.name)
    part = document.value.get("sign_in") if isinstance(document.value, dict) else None
    if not isinstance(part, dict) or part.get("method") != "oidc":
        return conform(document, LocalSettings).sign_in
    found = conform(document, OidcSettings).sign_in
    folder = path.resolve().parent
    files = {"client_secret_file": str(folder / found.client_secret_file)}
    if found.ca_file is not None:
        files["ca_file"] = str(folder / found.ca_file)
        if not Path(files["ca_file"]).is_file():
            raise BadInputError(f"`ca_file`: there is no file {files['ca_file']}")
    settings = found.model_copy(update=files)
    settings.client_secret()
    return settings


def protected(address: str) -> bool:
    """Tell whether nobody on the way can read or change what is sent to `address`."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
