"""What tests of letters share: the way to a mail server on loopback, and who was sent what."""

from __future__ import annotations

from tests.support.airlock_world import World
from tests.support.smtp_sink import Sink

from saferoom.hub.notices.post import SmtpPost
from saferoom.hub.notices.settings import MailSettings, Security
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.notices.model import Letter
from saferoom.projects.people.permissions import Actor

ANA, BEN, ADA = Username("ana"), Username("ben"), Username("ada")
ROOT = Actor.operator("admin:root")


def post(server: Sink) -> SmtpPost:
    return SmtpPost(
        MailSettings(
            host="127.0.0.1",
            port=server.port,
            security=Security.NONE,
            sender="safe@example.org",
            address="https://safe.example.org/airlock/",
        )
    )


def returned(world: World) -> Request:
    request = world.request()
    return world.instance.airlock.return_to_author(BEN, request.id, "Please round it.")


def sent_to(server: Sink) -> list[str]:
    return sorted(str(mail["To"]).split("@")[0] for mail in server.mail())


def letters(world: World, to: Username = ANA) -> list[Letter]:
    found = world.instance.notices.letters(ROOT).items
    return [one for one in found if one.to == to]
