"""The Merkle tree hash of RFC 6962, section 2.1, over a stream of leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"


class MerkleTree:
    """A growing tree that keeps only the O(log n) roots of its complete subtrees.

    RFC 6962 splits n leaves at the largest power of two below n, so the left parts are complete binary trees. After n
    leaves the stack therefore holds one hash for each bit set in n, largest tree first, as a binary counter does.
    """

    def __init__(self) -> None:
        self.leaf_count = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf on the right."""
        digest = hashlib.sha256(LEAF_PREFIX + leaf).digest()
        carry = self.leaf_count
        while carry & 1:
            digest = hashlib.sha256(NODE_PREFIX + self._roots.pop() + digest).digest()
            carry >>= 1
        self._roots.append(digest)
        self.leaf_count += 1

    def root(self) -> str:
        """Return the tree hash in hex; n = 0 gives SHA-256 of nothing, n = 1 the leaf's own hash."""
        if not self._roots:
            return hashlib.sha256().hexdigest()
        digest = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            digest = hashlib.sha256(NODE_PREFIX + left + digest).digest()
        return digest.hex()


def merkle_root(leaves: Iterable[bytes]) -> str:
    """Return the RFC 6962 tree hash (hex) of the leaves in the order given."""
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()
