"""Keys and what is done with them: fields encrypted at rest, blind indexes, link tokens, the signature on published bundles.

Every key is derived from the installation's secret by HKDF (RFC 5869) under a label of its own, so that one leaked key opens one
kind of thing only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b32encode
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Keyring:
    """The keys of one installation."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.key = cache(self._derive)
        self._cipher = cache(lambda label: AESGCM(self.key(label)))

    def _derive(self, label: str) -> bytes:
        return HKDF(SHA256(), 32, salt=b"evalsys-keyring-v1", info=label.encode()).derive(self._secret)

    def encrypt(self, label: str, plain: bytes, place: str) -> bytes:
        """AES-256-GCM; ``place`` (table:column:row) is authenticated, so that a ciphertext cannot be moved to another row."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher(label).encrypt(nonce, plain, place.encode())

    def decrypt(self, label: str, sealed: bytes, place: str) -> bytes:
        """What ``encrypt`` was given; raises ``cryptography.exceptions.InvalidTag`` where it was altered or moved."""
        return self._cipher(label).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())

    def blind_index(self, label: str, value: str) -> str:
        """A keyed digest by which equal values are found without being stored (HMAC-SHA256, hex)."""
        return hmac.new(self.key(label), value.encode(), hashlib.sha256).hexdigest()

    def link_token(self, interview_key: str) -> str:
        """The 128-bit token of an interview's web link: a keyed function, so that it is never stored and a reminder repeats it."""
        digest = hmac.new(self.key("link"), interview_key.encode(), hashlib.sha256).digest()
        return b32encode(digest[:16]).decode().rstrip("=").lower()

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs published bundles (Ed25519, RFC 8032)."""
        return Ed25519PrivateKey.from_private_bytes(self.key("signing"))


def token_digest(token: str) -> str:
    """What is stored of a link token; SHA-256 is enough, since the token has 128 random bits."""
    return hashlib.sha256(b"evalsys-link-v1\n" + token.encode()).hexdigest()
