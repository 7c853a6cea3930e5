"""What stopped commands leave: theirs is cleared, nobody else's, and the same command goes on."""

from __future__ import annotations

from pathlib import Path

import fakes
import pytest

import phantom
from phantom.dataset.format import files
from phantom.dataset.format.layout import UNFINISHED
from phantom.dataset.merge import merge
from phantom.dataset.running import finish
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import FolderError, Unwritable, UsageError
from phantom.viewer import sheets
from phantom.viewer.view import view

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=3)


def made(out: Path, seed: int = 1, cases: int = 1, **options):
    return generate(RECIPE, seed, cases, out, RunOptions(make=fakes.simulate, workers=1, **options))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> list[Path]:
    """Three datasets."""
    folder = tmp_path_factory.mktemp("three")
    for seed, name in enumerate("abc"):
        made(folder / name, seed, 2)
    return [folder / name for name in "abc"]


def test_a_name_from_aside_tells_whose_draft_it_is(tmp_path):
    assert files.drafted(files.aside(tmp_path / "page.html").name) == "page.html"
    for name in ("page.html", "page.part", "page.html.12.part", "notes.12-xyz.part", ".12-abcdef01.part"):
        assert files.drafted(name) is None


def test_put_clears_drafts_of_its_own_file_alone(tmp_path):
    first, others = files.aside(tmp_path / "page.html"), files.aside(tmp_path / "other.html")
    for path in (first, others, tmp_path / "page.html.part"):
        path.write_text("half")
    files.put(tmp_path / "page.html", b"whole")
    assert sorted(content(tmp_path)) == sorted(["page.html", others.name, "page.html.part"])
    with pytest.raises(Unwritable, match="could not be written"):
        files.put(tmp_path / "page.html/below", b"")


def test_page_and_sheets_clear_what_was_left(three, tmp_path):
    left = files.aside(tmp_path / "page.html")
    left.write_text("half")
    view(three[0], tmp_path / "page.html")
    files.aside(tmp_path / "sheet-000.png").write_text("half")
    files.aside(tmp_path / "close-ups-012.png").write_text("half")
    foreign = files.aside(tmp_path / "sheet.png")
    foreign.write_text("somebody's")
    sheets.sheets(phantom.open(three[0]), tmp_path)
    assert [name for name in content(tmp_path) if name.endswith(".part")] == [foreign.name]


def test_a_merge_goes_on_where_it_was_stopped(three, tmp_path, monkeypatch):
    merge(three, tmp_path / "whole")
    written, after = [], 3

    def stop(path: Path, data: bytes) -> None:
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path.name)
        files.replace(path, data)

    monkeypatch.setattr("phantom.dataset.merge.replace_file", stop)
    with pytest.raises(KeyboardInterrupt):
        merge(three, tmp_path / "data")
    with pytest.raises(FolderError, match="an unfinished dataset already"):
        merge(three[:2], tmp_path / "data")
    with pytest.raises(FolderError, match="another dataset than these make"):
        merge(three[:2], tmp_path / "data", resume=True)
    after = 99
    written.clear()
    merge(three, tmp_path / "data")
    assert written == ["000003.h5", "000004.h5", "000005.h5"]
    assert content(tmp_path / "data") == content(tmp_path / "whole")
    with pytest.raises(FolderError, match="use --resume"):
        merge(three, tmp_path / "data")
    merge(three, tmp_path / "data", resume=True)
    assert content(tmp_path / "data") == content(tmp_path / "whole")
    with pytest.raises(UsageError, match="exclude each other"):
        merge(three, tmp_path / "data", resume=True, overwrite=True)


def test_a_case_damaged_in_a_stopped_merge_is_copied_again(three, tmp_path, monkeypatch):
    monkeypatch.setattr("phantom.dataset.merge.finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        merge(three[:2], tmp_path / "data")
    monkeypatch.undo()
    (tmp_path / "data/cases/000001.h5").write_bytes(b"damaged")
    merge(three[:2], tmp_path / "data")
    assert verify(tmp_path / "data") == []


def test_merging_into_a_folder_inside_a_source_is_refused(three, tmp_path):
    (tmp_path / "link").symlink_to(three[0])
    for out in (three[0] / "out", three[1] / "cases/deep/out", tmp_path / "link/out"):
        with pytest.raises(UsageError, match="lies inside one of the datasets"):
            merge(three, out)
        assert not out.exists()


@pytest.mark.parametrize("number", [1, 2])
def test_a_shard_killed_while_tidying_recovers_by_itself(tmp_path, monkeypatch, number):
    made(tmp_path / "whole", cases=3)
    made(tmp_path / "data", cases=3, shard=(1, 2))
    unlink, removed = Path.unlink, []

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name in ("journal.jsonl", UNFINISHED):
            removed.append(path.name)
            if len(removed) == number:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(finish.Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "data", cases=3, shard=(2, 2), resume=True)
    monkeypatch.undo()
    assert removed[-1] == ["journal.jsonl", UNFINISHED][number - 1]
    assert any(UNFINISHED in problem for problem in verify(tmp_path / "data"))
    made(tmp_path / "data", cases=3, shard=(2, 2), resume=True)
    assert content(tmp_path / "data") == content(tmp_path / "whole")
