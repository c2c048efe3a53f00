"""The Merkle tree hash of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.sampling.merkle import MerkleTree, merkle_root

# The inputs and roots of the reference tests of Certificate Transparency.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


@pytest.mark.parametrize("count", sorted(ROOTS))
def test_the_reference_trees_have_their_published_roots(count):
    assert merkle_root(LEAVES[:count]) == ROOTS[count]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_stream_gives_the_root_of_the_recursive_definition(leaves):
    assert merkle_root(leaves) == naive_root(leaves).hex()


def test_the_tree_keeps_no_more_hashes_than_the_count_has_bits():
    """Memory grows with log n: after 1,000 leaves six subtrees remain, the ones in binary 1111101000."""
    tree = MerkleTree()
    for number in range(1_000):
        tree.append(str(number).encode())
    assert len(tree._roots) == 6


def test_the_root_may_be_asked_for_at_any_time_without_disturbing_the_tree():
    tree = MerkleTree()
    roots = []
    for leaf in LEAVES:
        tree.append(leaf)
        roots.append(tree.root())
    assert roots == [naive_root(LEAVES[:count]).hex() for count in range(1, 9)]
