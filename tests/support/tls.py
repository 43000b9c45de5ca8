"""Certificates of servers that tests start; each vouches for itself, and ends when a test says."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SOON = timedelta(days=2)
EXPIRED = -timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files."""

    public: Path
    private: Path

    @property
    def served(self) -> ssl.SSLContext:
        """A server's side of TLS with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.public, self.private)
        return context


def certificate(folder: Path, ends: timedelta = SOON) -> Certificate:
    """Return one for ``localhost`` and 127.0.0.1 that ends that long from now; one in `folder` is replaced.

    Another one of the same folder has the same key, so that whoever trusts it goes on doing so when it is renewed.
    """
    files = Certificate(folder / "certificate.pem", folder / "certificate-key.pem")
    if not files.private.exists():
        new = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        files.private.write_bytes(
            new.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        files.private.chmod(0o600)
    key = serialization.load_pem_private_key(files.private.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    places: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files.public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files
