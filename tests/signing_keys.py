"""Private keys for session tokens, made once a process."""

from functools import cache, partial

from tests import needs

KINDS = ["ec", "ed25519", "rsa"]


@cache
def pem(kind):
    """Return a new private key as PEM."""
    serialization = needs.package("cryptography.hazmat.primitives.serialization")
    ec, ed25519, rsa = (needs.package(f"cryptography.hazmat.primitives.asymmetric.{name}") for name in KINDS)
    made = {
        "rsa": partial(rsa.generate_private_key, public_exponent=65537, key_size=2048),
        "short": partial(rsa.generate_private_key, public_exponent=65537, key_size=1024),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ec": partial(ec.generate_private_key, ec.SECP256R1()),
    }[kind]()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.private_bytes(*form).decode()


def set_key(settings, kind="rsa", **more):
    """Give the site a key."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "JWT_PRIVATE_KEY": pem(kind), **more}
