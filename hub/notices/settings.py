"""How e-mail is sent: ``mail.yaml`` in the instance's home. Without it nothing is sent, and letters wait for days.

The password is never in the file: it names another one, which nobody else may read.
"""

from __future__ import annotations

import stat
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.errors import BadInputError
from saferoom.hub.home import Home
from saferoom.policies.conform import ALLOWED, conform
from saferoom.policies.document import read_document
from saferoom.policies.models import PolicyModel
from saferoom.projects.people.model import EmailField

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_PASSWORD = 1024


class Security(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"
    """On this machine only."""


_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


class MailSettings(PolicyModel):
    """The mail server, and who letters are from."""

    host: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9.:-]{1,253}$", json_schema_extra={ALLOWED: "a host's name such as smtp.example.org"}
        ),
    ]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """587 for starttls and 465 for tls when left out."""
    security: Security = Security.STARTTLS
    username: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password_file: str | None = None
    """Below the home, or an absolute path; readable by the service's own user alone."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    sender: EmailField
    sender_name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9 ._-]{1,60}$", json_schema_extra={ALLOWED: "letters, digits, spaces and dots"}),
    ] = "Saferoom"
    address: Annotated[
        str,
        Field(
            pattern=r"^https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~/-]*)?$",
            max_length=300,
            json_schema_extra={ALLOWED: "the pages' address, such as https://safe.example.org/services/airlock/"},
        ),
    ]
    """Where people find the airlock's pages; letters link there."""
    digest_at: time = time(7, 0)
    """When daily digests are made (UTC)."""

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.security is Security.NONE and self.host not in _LOOPBACK:
            raise ValueError("`security: none` is for a mail server on this machine; choose starttls or tls")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("a `username` needs a `password_file`, and the other way round")
        if self.username is not None and self.security is Security.NONE:
            raise ValueError("a password is sent over starttls or tls only")
        return self

    @property
    def at_port(self) -> int:
        """The port that is used."""
        return self.port or _PORTS[self.security]

    @property
    def pages(self) -> str:
        """The pages' address with a slash at its end."""
        return self.address.rstrip("/") + "/"


def settings_of(home: Home) -> MailSettings | None:
    """Return the settings of `home`; None when e-mail is not set up.

    Raises
    ------
    BadInputError
        With file, line and what is allowed.
    """
    try:
        text = home.mail_settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{home.mail_settings.name}: the file cannot be read as text") from None
    return conform(read_document(text, home.mail_settings.name), MailSettings)


def password_of(home: Home, settings: MailSettings) -> str:
    """Return the mail server's password, from its file; empty when none is asked for.

    Raises
    ------
    BadInputError
        The file is missing, empty, or others may read it.
    """
    if settings.password_file is None:
        return ""
    path = home.root / settings.password_file
    name = f"the password file {settings.password_file}"
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{name} cannot be read; write the password into it, in one line") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInputError(f"others may read {name}; run chmod 600 on it")
    password = text.rstrip("\r\n")
    if not password or len(password) > _LONGEST_PASSWORD or not password.isprintable():
        raise BadInputError(f"{name} has to hold the password in one line")
    return password


def ca_file_of(home: Home, settings: MailSettings) -> Path | None:
    """Return the file of certificates to trust; None for the system's."""
    return None if settings.ca_file is None else home.root / settings.ca_file
