"""The way to the mail server. What it answers is told by number only: its words could hold anything."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from saferoom.hub.home import Home
from saferoom.hub.notices import settings as configuration
from saferoom.hub.notices.settings import MailSettings, Security
from saferoom.hub.notices.writing import UnusableAddressError, write
from saferoom.projects.notices.model import Letter
from saferoom.projects.notices.sending import Fate, Outcome

PATIENCE_SECONDS = 20.0
UNUSABLE = "the e-mail address on record cannot be used"


@dataclass(frozen=True)
class SmtpPost:
    """Hands letters to one mail server; implements `saferoom.projects.notices.sending.Post`."""

    settings: MailSettings
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    patience_seconds: float = PATIENCE_SECONDS

    @classmethod
    def of(cls, home: Home) -> SmtpPost | None:
        """Return the post of an instance; None when e-mail is not set up.

        Raises
        ------
        BadInputError
            The settings are wrong.
        """
        found = configuration.settings_of(home)
        if found is None:
            return None
        trusted = configuration.ca_file_of(home, found)
        return cls(found, configuration.password_of(home, found), str(trusted) if trusted else None)

    def send(self, letter: Letter, address: str) -> Outcome:
        """Send a letter with its notices to an e-mail address."""
        try:
            message = write(letter, address, self.settings)
        except UnusableAddressError:
            return Outcome(Fate.REFUSED, UNUSABLE)
        return self.hand_over(message, address)

    def hand_over(self, message: EmailMessage, address: str) -> Outcome:
        """Give an e-mail to the mail server; never raises because of it."""
        try:
            with self._server() as server:
                return _given(server, message, self.settings.sender, address)
        except ssl.SSLCertVerificationError:
            return self._unreachable("its certificate is not trusted")
        except ssl.SSLError:
            return self._unreachable("no protected connection came about")
        except smtplib.SMTPNotSupportedError:
            return self._unreachable("it does not offer what the settings ask for (STARTTLS, or a password)")
        except smtplib.SMTPAuthenticationError as error:
            return self._unreachable(f"it refuses the user name or password ({error.smtp_code})")
        except smtplib.SMTPResponseException as error:
            return self._unreachable(f"it answers {error.smtp_code}")
        except (OSError, smtplib.SMTPException) as error:
            return self._unreachable(f"it cannot be reached ({type(error).__name__})")

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        name, host, port = socket.gethostname(), self.settings.host, self.settings.at_port
        patience, security = self.patience_seconds, self.settings.security
        server: smtplib.SMTP
        if security is Security.TLS:
            server = smtplib.SMTP_SSL(host, port, name, timeout=patience, context=self._trust())
        else:
            server = smtplib.SMTP(host, port, name, timeout=patience)
        try:
            if security is Security.STARTTLS:
                # Raises where it is not offered: there is no way on without.
                server.starttls(context=self._trust())
            if self.settings.username is not None:
                server.login(self.settings.username, self.password)
            server.ehlo_or_helo_if_needed()
            yield server
        finally:
            _leave(server)

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _unreachable(self, why: str) -> Outcome:
        return Outcome(Fate.UNREACHABLE, f"the mail server {self.settings.host} took no letter: {why}")


def _given(server: smtplib.SMTP, message: EmailMessage, sender: str, address: str) -> Outcome:
    try:
        server.send_message(message, sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _judged(max(codes, default=0), "the address")
    except smtplib.SMTPSenderRefused as error:
        # The settings are wrong, not the letter: it is worth another try.
        return Outcome(Fate.LATER, f"the mail server refuses letters from this sender ({error.smtp_code})")
    except smtplib.SMTPDataError as error:
        return _judged(error.smtp_code, "the letter")
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(Fate.LATER, f"the connection broke while the letter was sent ({type(error).__name__})")
    return Outcome(Fate.SENT)


def _judged(code: int, what: str) -> Outcome:
    if 500 <= code < 600:
        return Outcome(Fate.REFUSED, f"the mail server refuses {what} for good ({code})")
    return Outcome(Fate.LATER, f"the mail server does not take {what} now ({code})")


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; what was sent is sent, whatever comes back."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
