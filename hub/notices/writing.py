"""From a letter to an e-mail: plain text, fixed words, headers that nobody can add to."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from saferoom.hub.notices.settings import MailSettings
from saferoom.hub.web.texts import notices as texts
from saferoom.projects.notices.model import Letter

_ADDRESS = re.compile(r"([A-Za-z0-9._%+'-]{1,64})@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)")
_LONGEST_HEADER = 500
_ID = re.compile(r"[a-z0-9-]{1,80}")


class UnusableAddressError(ValueError):
    """An address that no letter goes to; it is not repeated in the message."""


def parts_of(address: str) -> tuple[str, str]:
    """Return the two halves of an e-mail address; what could be two addresses, or a header, is refused."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UnusableAddressError("this is no plain e-mail address")
    return found[1], found[2]


def write(letter: Letter, address: str, settings: MailSettings) -> EmailMessage:
    """Return a letter as an e-mail to `address`; written again it is the same, byte by byte."""
    words = texts.letter(letter.notices, settings.pages)
    return _message(words, address, settings, letter.message_id, letter.created_at)


def write_trial(address: str, settings: MailSettings, id_: str, at: datetime) -> EmailMessage:
    """Return an e-mail that tells nothing, to try the way."""
    return _message(texts.TEST, address, settings, id_, at)


def _message(words: texts.Said, address: str, settings: MailSettings, id_: str, at: datetime) -> EmailMessage:
    if _ID.fullmatch(id_) is None:
        raise ValueError("a Message-ID is made of letters, digits and hyphens")
    local, domain = parts_of(settings.sender)
    # The policy refuses line ends in headers, whatever they come from.
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.sender_name, local, domain)
    message["To"] = Address("", *parts_of(address))
    message["Subject"] = words.title
    message["Date"] = at
    message["Message-ID"] = f"<{id_}@{domain}>"
    # So that no out-of-office reply comes back.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(words.body, cte="quoted-printable")
    # Lines of text stay short; a subject is better left whole.
    message.policy = SMTP.clone(max_line_length=_LONGEST_HEADER)
    return message
