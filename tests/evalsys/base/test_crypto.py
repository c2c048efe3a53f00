"""The keyring: what is encrypted opens in its own place only."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from evalsys.base.crypto import Keyring, token_digest

KEYRING = Keyring("s" * 40)


def test_what_was_encrypted_is_read_again_and_equal_texts_look_different():
    one, other = (KEYRING.encrypt("contacts", b"+8617400000000", "record:phone:1") for _ in range(2))
    assert one != other
    assert KEYRING.decrypt("contacts", one, "record:phone:1") == b"+8617400000000"


@pytest.mark.parametrize(
    ("keyring", "label", "place"),
    [
        (KEYRING, "contacts", "record:phone:2"),
        (KEYRING, "answers", "record:phone:1"),
        (Keyring("t" * 40), "contacts", "record:phone:1"),
    ],
)
def test_a_ciphertext_moved_to_another_row_purpose_or_installation_is_refused(keyring, label, place):
    sealed = KEYRING.encrypt("contacts", b"secret", "record:phone:1")
    with pytest.raises(InvalidTag):
        keyring.decrypt(label, sealed, place)


def test_any_altered_byte_of_a_ciphertext_is_refused():
    sealed = KEYRING.encrypt("contacts", b"secret", "here")
    for position in range(len(sealed)):
        altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(InvalidTag):
            KEYRING.decrypt("contacts", altered, "here")


def test_a_link_token_repeats_has_128_bits_and_is_not_what_is_stored():
    token = KEYRING.link_token("case one")
    assert token == KEYRING.link_token("case one") != KEYRING.link_token("case two")
    assert len(token) == 26
    assert token not in token_digest(token)


def test_a_blind_index_finds_equal_values_under_its_own_label_only():
    assert KEYRING.blind_index("person", "1") == KEYRING.blind_index("person", "1")
    assert KEYRING.blind_index("person", "1") != KEYRING.blind_index("staff", "1")
