"""On which line of a TOML file something stands, so that a problem can be shown there."""

from __future__ import annotations

from collections.abc import Mapping


def find_key_line(text: str, column: str) -> int | None:
    """The line where a TOML file says ``column`` (``rounds[2].name.zh``) or the nearest table above it; or ``None``.

    ``tomllib`` keeps no positions; this follows headers and plain keys, which is how programme files are written.
    """
    wanted = column.split(".")
    seen: dict[str, int] = {}
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]") and "=" not in stripped:
            name = stripped.strip("[]").strip()
            if stripped.startswith("[["):
                seen[name] = seen.get(name, 0) + 1
            table = _numbered(name, seen)
            path = table
        elif "=" in stripped and not stripped.startswith("#"):
            path = [*table, *(part.strip().strip('"') for part in stripped.partition("=")[0].split("."))]
        else:
            continue
        depth = len(path)
        bare = [part.partition("[")[0] for part in wanted]
        if (path == wanted[:depth] or path == bare[:depth]) and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _numbered(name: str, seen: Mapping[str, int]) -> list[str]:
    parts = name.split(".")
    return [
        f"{part}[{seen[path]}]" if (path := ".".join(parts[: depth + 1])) in seen else part
        for depth, part in enumerate(parts)
    ]
