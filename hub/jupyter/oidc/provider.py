"""The provider as this hub sees it: its discovery document, its keys, and the code that becomes a verified identity.

Nothing is trusted for longer than one sign-in but the discovery document, for seconds: keys that the provider takes
back count no more, and a provider that was away is found again by itself.

References
----------
OpenID Connect Discovery 1.0, section 4.3 (the issuer must match). OpenID Connect Core 1.0, section 3.1.3.7 (validation
of ID tokens). RFC 6749, section 2.3.1 (client authentication). RFC 9207 (issuer in the response).
"""

from __future__ import annotations

import hmac
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote_plus

import httpx
import jwt
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from saferoom.errors import BadInputError, UnauthenticatedError, UnavailableError
from saferoom.hub.sign_in_settings import OidcSignIn, protected
from saferoom.hub.store.sign_in_links import Identity

_log = structlog.get_logger()
_SECONDS = 10.0
_MOST_BYTES = 262_144
_LONGEST_TOKEN = 32_768
# Long enough that a crowd at the sign-in page is no crowd at the provider.
DISCOVERY_SECONDS = 15.0
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_Model = TypeVar("_Model", bound=BaseModel)


class Metadata(BaseModel):
    """What is used of a discovery document."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _TokenAnswer(BaseModel):
    id_token: str


@dataclass(frozen=True)
class Verified:
    """What the provider vouched for in one sign-in.

    Attributes
    ----------
    acr : str
        The class of the authentication; empty when it was not said.
    amr : frozenset of str
        The methods of the authentication.
    """

    identity: Identity
    acr: str
    amr: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What a browser brought back from the provider, and what it was sent there with."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    issuer: str | None


class Provider:
    """Asks one provider; every failure is a sentence for the person who wants to sign in, and a reason for the log."""

    def __init__(self, settings: OidcSignIn) -> None:
        self.settings = settings
        self._found: tuple[float, Metadata] | None = None

    async def metadata(self) -> Metadata:
        """Return the provider's discovery document, at most seconds old.

        Raises
        ------
        UnavailableError
            It cannot be had, or it is not this provider's.
        """
        if self._found is not None and time.monotonic() - self._found[0] < DISCOVERY_SECONDS:
            return self._found[1]
        self._found = None
        address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = self._read(Metadata, await self._ask("GET", address), "discovery")
        if found.issuer != self.settings.issuer:
            raise self._unavailable("answers in the name of another one", "issuer")
        if not all(protected(one) for one in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)):
            raise self._unavailable("names addresses that are not protected", "endpoints")
        self._found = (time.monotonic(), found)
        return found

    async def identify(self, answer: Answer) -> Verified:
        """Exchange the code for an ID token, and return what that says once it is verified.

        Raises
        ------
        UnauthenticatedError
            The code or the token is not good.
        UnavailableError
            The provider does not answer as it should.
        """
        metadata = await self.metadata()
        if answer.issuer != self.settings.issuer and (
            answer.issuer is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise self._refused("iss-parameter")
        token = await self._token(metadata, answer)
        keys = await self._keys(metadata)
        return self._verified(token, keys, answer.nonce)

    async def _token(self, metadata: Metadata, answer: Answer) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "code_verifier": answer.verifier,
            "redirect_uri": self.settings.callback,
        }
        try:
            secret = self.settings.client_secret()
        except BadInputError:
            raise self._unavailable("is not set up here as it should be", "client-secret-file") from None
        basic: tuple[str, str] | None = None
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            basic = (quote_plus(self.settings.client_id), quote_plus(secret))
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": secret}
        status, body = await self._ask("POST", metadata.token_endpoint, form, basic)
        if status in (400, 401):
            # Only a registered word is looked at: the rest is the provider's text.
            if b'"invalid_grant"' in body:
                raise self._refused("code")
            raise self._unavailable("does not know this hub", "client")
        token = self._read(_TokenAnswer, (status, body), "token").id_token
        if len(token) > _LONGEST_TOKEN:
            raise self._refused("token-length")
        return token

    async def _keys(self, metadata: Metadata) -> list[jwt.PyJWK]:
        status, body = await self._ask("GET", metadata.jwks_uri)
        try:
            if status == httpx.codes.OK:
                return jwt.PyJWKSet.from_json(body.decode()).keys
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):
            pass
        raise self._unavailable("has keys that cannot be read", "keys")

    def _verified(self, token: str, keys: list[jwt.PyJWK], nonce: str) -> Verified:
        settings = self.settings
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                _key(keys, header),
                algorithms=list(settings.algorithms),
                audience=settings.client_id,
                issuer=settings.issuer,
                leeway=settings.clock_skew_seconds,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise self._refused(type(error).__name__) from None
        self._check(claims, nonce)
        try:
            identity = Identity(claims["iss"], claims["sub"])
        except BadInputError:
            raise self._refused("subject") from None
        acr, amr = claims.get("acr"), claims.get("amr")
        methods = frozenset(one for one in amr if isinstance(one, str)) if isinstance(amr, list) else frozenset[str]()
        return Verified(identity, acr if isinstance(acr, str) else "", methods)

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode("utf-8", "replace"), nonce.encode()):
            raise self._refused("nonce")
        audience = claims["aud"]
        shared = "azp" in claims or (isinstance(audience, list) and len(audience) > 1)
        if shared and claims.get("azp") != self.settings.client_id:
            raise self._refused("azp")

    async def _ask(
        self, method: str, address: str, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; redirects are not followed, and no proxy is asked."""
        try:
            context = ssl.create_default_context(cafile=self.settings.ca_file)
            async with (
                httpx.AsyncClient(verify=context, timeout=_SECONDS, trust_env=False) as client,
                client.stream(
                    method, address, data=form, auth=basic, headers={"Accept": "application/json"}
                ) as response,
            ):
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise self._unavailable("says more than can be read", "length")
                return response.status_code, body
        except httpx.HTTPError as error:
            if isinstance(_cause(error), ssl.SSLError):
                raise self._unavailable("has a certificate that does not hold", "certificate") from None
            raise self._unavailable("cannot be reached", type(error).__name__) from None
        except (OSError, httpx.InvalidURL) as error:
            raise self._unavailable("cannot be reached", type(error).__name__) from None

    def _read(self, model: type[_Model], answer: tuple[int, bytes], what: str) -> _Model:
        status, body = answer
        try:
            if status == httpx.codes.OK:
                return model.model_validate_json(body)
        except ValidationError:
            pass
        raise self._unavailable("does not answer as it should", f"{what}-{status}")

    def _unavailable(self, words: str, reason: str) -> UnavailableError:
        _log.warning("identity provider is of no use", reason=reason)
        return UnavailableError(
            f"{self.settings.name} {words}, so nobody can sign in now. Try again later, or tell the administrator."
        )

    def _refused(self, reason: str) -> UnauthenticatedError:
        _log.warning("sign-in through the identity provider is refused", reason=reason)
        return UnauthenticatedError(
            f"What {self.settings.name} sent could not be verified, so nobody was signed in. Begin again."
        )


def _key(keys: list[jwt.PyJWK], header: Mapping[str, Any]) -> jwt.PyJWK:
    """Return the key that a token names; without a name there must be one key alone that could be meant."""
    named = header.get("kid")
    fitting = [key for key in keys if key.public_key_use in (None, "sig") and (named is None or key.key_id == named)]
    if len(fitting) != 1:
        raise jwt.InvalidKeyError("no such key")
    return fitting[0]


def _cause(error: BaseException) -> BaseException | None:
    """Return the first error of the chain that is the system's own."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLError):
        found = found.__cause__ or found.__context__
    return found
