"""The committed files are the rendered ones; and what `stale` and `write` do with those that are not."""

from pathlib import Path

from stream_app.cli.rendered_files import stale, write
from stream_app.cli.rendering import rendered
from tests.render.house import ROOT

RENDERED = {"schemas/a.json": "a\n", "docs/metrics.md": "é\n"}


def test_the_committed_files_are_the_rendered_ones() -> None:
    found = [str(path.relative_to(ROOT)) for path in stale(rendered(), ROOT)]
    assert not found, "run `stream-app render`"


def test_rendering_twice_gives_the_same() -> None:
    assert rendered() == rendered()


def test_every_file_ends_with_one_line_break() -> None:
    for text in rendered().values():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_a_missing_file_is_stale_and_written(tmp_path: Path) -> None:
    wanted = [tmp_path / "docs/metrics.md", tmp_path / "schemas/a.json"]
    assert stale(RENDERED, tmp_path) == wanted
    assert write(RENDERED, tmp_path) == wanted
    assert (tmp_path / "docs/metrics.md").read_bytes() == "é\n".encode()
    assert stale(RENDERED, tmp_path) == []


def test_a_different_file_is_stale_and_written(tmp_path: Path) -> None:
    write(RENDERED, tmp_path)
    (tmp_path / "schemas/a.json").write_bytes(b"a\r\n")
    assert stale(RENDERED, tmp_path) == [tmp_path / "schemas/a.json"]
    assert write(RENDERED, tmp_path) == [tmp_path / "schemas/a.json"]
    assert (tmp_path / "schemas/a.json").read_bytes() == b"a\n"


def test_a_file_no_longer_rendered_is_stale_and_removed(tmp_path: Path) -> None:
    write(RENDERED, tmp_path)
    left_over = tmp_path / "schemas/b.json"
    left_over.write_text("b")
    assert stale(RENDERED, tmp_path) == [left_over]
    assert write(RENDERED, tmp_path) == [left_over]
    assert not left_over.exists()


def test_handwritten_files_are_left_alone(tmp_path: Path) -> None:
    write(RENDERED, tmp_path)
    by_hand = [tmp_path / "schemas/examples/a/valid-1.json", tmp_path / "docs/decisions.md", tmp_path / "README.md"]
    for path in by_hand:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert stale(RENDERED, tmp_path) == []
    write(RENDERED, tmp_path)
    assert all(path.exists() for path in by_hand)
