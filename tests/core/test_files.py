"""Outputs appear whole or not at all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from actionrec.core.files import (
    atomic_dir,
    atomic_path,
    checksum_file,
    digest_file,
    digest_of,
    leftovers,
    link_or_copy,
    sweep,
    write_json,
)


def test_atomic_path_replaces_a_read_only_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    target.chmod(0o444)
    with atomic_path(target) as aside:
        aside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_path_keeps_the_old_file_when_the_body_fails(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")

    def fail_halfway() -> None:
        with atomic_path(target) as aside:
            aside.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail_halfway()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_dir_replaces_a_whole_directory(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "stale.txt").write_text("gone")
    with atomic_dir(target) as aside:
        (aside / "fresh.txt").write_text("here")
    assert [path.name for path in target.iterdir()] == ["fresh.txt"]


def test_write_json_is_sorted_and_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.5]})
    assert (tmp_path / "a.json").read_text() == json.dumps({"a": [0.5], "b": 1}, indent=2) + "\n"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"a": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert digest_file(tmp_path / "abc") == expected
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of("a", "b") != digest_of("ab")


def test_link_or_copy_shares_the_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    link_or_copy(source, tmp_path / "deep" / "target")
    assert (tmp_path / "deep" / "target").stat().st_ino == source.stat().st_ino


# Aside twice over, as an HDF5 file is written that becomes an entry of the item cache.
WRITER = """
import sys, time
from pathlib import Path
from actionrec.core.files import atomic_path
with atomic_path(Path(sys.argv[1])) as outer, atomic_path(outer) as aside:
    aside.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_goes_with_the_next_write_and_not_before(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "out.txt"], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "writing\n"
        assert len(list(tmp_path.iterdir())) == 1
        assert (leftovers(tmp_path), sweep(tmp_path)) == ([], 0)  # its owner lives
        (tmp_path / "other.txt").write_text("here")
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    assert [path.name.startswith(".out.txt.") for path in leftovers(tmp_path)] == [True]
    with atomic_path(tmp_path / "another.txt") as aside:
        aside.write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another.txt", "other.txt"]


def test_only_what_is_ours_is_swept(tmp_path: Path) -> None:
    kept = [tmp_path / ".out.txt.abcd1234.tmp", tmp_path / ".notes.tmp", tmp_path / "out.abcd1234.tmp"]
    for path in kept:
        path.mkdir()
        (path / "mine.txt").write_text("precious")
    (tmp_path / ".a.txt.abcd1234.tmp").write_text("a file")
    old = tmp_path / ".old.txt.abcd1234.tmp"  # of a version that knew no owners
    old.mkdir()
    (old / "old.txt").write_text("half")
    assert leftovers(tmp_path) == [old]
    assert sweep(tmp_path) == 1
    assert not old.exists()
    assert all((path / "mine.txt").exists() for path in kept)


def test_a_replaced_directory_is_never_half_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old.txt").touch()

    def replace_after_looking(self: Path, to: Path, real=Path.replace) -> Path:
        assert not target.exists() or [path.name for path in target.iterdir()] == ["old.txt"]
        return real(self, to)

    monkeypatch.setattr(Path, "replace", replace_after_looking)
    with atomic_dir(target) as aside:
        (aside / "new.txt").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "new.txt"]


def test_a_checksum_is_crc_and_length(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123456789")
    assert checksum_file(tmp_path / "a") == "cbf43926 9"  # the check value of CRC-32/ISO-HDLC
    large = bytes(range(256)) * 10_000
    (tmp_path / "b").write_bytes(large)
    assert checksum_file(tmp_path / "b") == f"{zlib.crc32(large):08x} {len(large)}"
