"""The airlock service: pages for people behind the hub's proxy, and an API for rooms on a UNIX socket of its own.

Vocabulary
----------
resident
    Who asks from inside a room: a person and a project, both read from the hub's answer about the room's token.
visitor
    Who asks with a browser: a person signed in through the hub, for as long as a session lasts.
"""
