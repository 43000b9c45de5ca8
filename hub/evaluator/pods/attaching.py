"""Being attached to a pod's container: its standard input and output, over one connection to the cluster's API.

References
----------
https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#connect-get-attach-pod-v1-core and
https://pkg.go.dev/k8s.io/apimachinery/pkg/util/remotecommand: each message begins with a byte that names its stream;
255 before a stream's number closes that stream (protocol version 5).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType
from kubernetes_asyncio.stream.ws_client import get_websocket_url
from yarl import URL

from saferoom.errors import UnavailableError
from saferoom.hub.evaluator.pods.handing import LENGTH

PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT, _ERROR, _CLOSE = 0, 1, 3, 255
_HEARTBEAT_SECONDS = 20.0
_MOST_MESSAGE_BYTES = 4 << 20


class TooMuchError(Exception):
    """The pod said more than it may."""


@asynccontextmanager
async def attached(client: Any, namespace: str, pod: str, container: str) -> AsyncIterator[Attached]:
    """Be attached to `container` of `pod` meanwhile.

    Parameters
    ----------
    client : kubernetes_asyncio.client.ApiClient

    Raises
    ------
    UnavailableError
        The cluster's API does not grant it, or not in the version that is needed.
    """
    # The client's own way to attach does not tell which version was granted.
    headers: dict[str, str] = {}
    await client.update_params_for_auth(headers, [], ["BearerToken"])
    place = f"{client.configuration.host}/api/v1/namespaces/{namespace}/pods/{pod}/attach"
    try:
        connection = await client.rest_client.pool_manager.ws_connect(
            URL(get_websocket_url(place)).with_query(container=container, stdin="true", stdout="true", stderr="false"),
            headers=headers,
            protocols=(PROTOCOL,),
            heartbeat=_HEARTBEAT_SECONDS,
            max_msg_size=_MOST_MESSAGE_BYTES,
        )
    except (ClientError, TimeoutError) as error:
        raise UnavailableError(f"the cluster does not let the airlock attach to {pod}: {_kind(error)}") from None
    async with connection:
        if connection.protocol != PROTOCOL:
            raise UnavailableError(f"the cluster's API does not know {PROTOCOL}; it has to be 1.32 or newer")
        yield Attached(connection)


def _kind(error: Exception) -> str:
    return str(getattr(error, "status", "")) or type(error).__name__


class Attached:
    """A container's standard input and output."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        self._connection = connection

    async def exchange(self, pieces: Iterator[bytes], most_bytes: int) -> bytes:
        """Send `pieces`, and return what is answered, without its length; empty where the container ended before.

        Both at once: a container that talks instead of listening is noticed.

        Raises
        ------
        TooMuchError
            It answers more than `most_bytes`, or says that it will.
        """
        sending, hearing = asyncio.create_task(self._send(pieces)), asyncio.create_task(self._answer(most_bytes))
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            return await hearing
        finally:
            for one in (sending, hearing):
                one.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def finish(self) -> None:
        """Close the container's standard input: its answer was read."""
        with suppress(ClientError, ConnectionError):
            await self._connection.send_bytes(bytes([_CLOSE, _STDIN]))

    async def _send(self, pieces: Iterator[bytes]) -> None:
        # A container that ended takes no more; how it ended is not said here.
        with suppress(ClientError, ConnectionError):
            for piece in pieces:
                await self._connection.send_bytes(bytes([_STDIN]) + piece)
                await asyncio.sleep(0)

    async def _answer(self, most_bytes: int) -> bytes:
        said = bytearray()
        async for message in self._connection:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            stream, data = message.data[0], message.data[1:]
            if stream == _ERROR and not _success(data):
                return b""
            if stream != _STDOUT:
                continue
            said += data
            if len(said) < LENGTH.size:
                continue
            length: int = LENGTH.unpack_from(said)[0]
            if not 0 < length <= most_bytes or len(said) > LENGTH.size + length:
                raise TooMuchError
            if len(said) == LENGTH.size + length:
                return bytes(said[LENGTH.size :])
        return b""


def _success(status: bytes) -> bool:
    try:
        return json.loads(status).get("status") == "Success"  # type: ignore[no-any-return]
    except (ValueError, AttributeError, RecursionError):
        return False
