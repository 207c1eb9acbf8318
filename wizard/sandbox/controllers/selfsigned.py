"""Key and certificate for the simulated issuers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def self_signed(hosts: list[str], now: float, lifetime: timedelta) -> tuple[bytes, bytes]:
    """A real certificate, so that whoever reads its dates finds some. PEM of the certificate and of its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (hosts[0] if hosts else "sandbox")[:64])])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated by the wizard's sandbox")])
    begin = datetime.fromtimestamp(now, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(encoding), private
