"""Rendered files on disk."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from stream_app.render.everything import OWNED


def stale(rendered: Mapping[str, str], root: Path, owned: Iterable[str] = OWNED) -> list[Path]:
    """Return paths below `root` that are missing, differ, or match `owned` without being rendered; sorted."""
    differing = {root / path for path, text in rendered.items() if _read(root / path) != text.encode()}
    return sorted(differing | _left_over(rendered, root, owned))


def write(rendered: Mapping[str, str], root: Path, owned: Iterable[str] = OWNED) -> list[Path]:
    """Make `stale` empty; returns what was written or removed. Raises OSError."""
    changed = stale(rendered, root, owned)
    for path in changed:
        text = rendered.get(path.relative_to(root).as_posix())
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    return changed


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _left_over(rendered: Mapping[str, str], root: Path, owned: Iterable[str]) -> set[Path]:
    present = {path for pattern in owned for path in root.glob(pattern) if path.is_file()}
    return {path for path in present if path.relative_to(root).as_posix() not in rendered}
