"""Files by content: kept once, whole or not at all, and checked when they are read."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from dinhky.file_store import FileStore


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.mark.parametrize("data", [b"", b"x", "số liệu".encode(), b"\x00" * 1_000_000])
def test_what_is_kept_is_read_back_under_its_hash(store, data):
    sha256 = store.put(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert store.get(sha256) == data


def test_keeping_the_same_bytes_again_writes_nothing(store):
    sha256 = store.put(b"once")
    kept = store.path(sha256).stat()
    assert store.put(b"once") == sha256
    again = store.path(sha256).stat()
    assert (again.st_ino, again.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


def test_a_file_whose_bytes_have_changed_on_disk_is_not_handed_out(store):
    sha256 = store.put(b"good")
    store.path(sha256).chmod(0o640)
    store.path(sha256).write_bytes(b"bad!")
    with pytest.raises(ValueError, match="damaged"):
        store.get(sha256)


def test_a_file_that_was_never_kept_is_missing(store):
    with pytest.raises(FileNotFoundError):
        store.get("0" * 64)


@pytest.mark.parametrize("name", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "../" * 21 + "0", "٠" * 64])
def test_nothing_but_a_hash_names_a_file(store, name):
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(name)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_crash_while_keeping_leaves_no_file_and_no_litter(store, tmp_path, monkeypatch, call):
    def dies(*_) -> None:
        raise OSError("no space left on device")

    store.path(hashlib.sha256(b"half").hexdigest()).parent.mkdir(parents=True)
    monkeypatch.setattr(os, call, dies)
    with pytest.raises(OSError, match="no space"):
        store.put(b"half")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert store.get(store.put(b"half")) == b"half"


def test_a_kept_file_cannot_be_written_by_accident(store):
    assert store.path(store.put(b"fixed")).stat().st_mode & 0o222 == 0


def test_a_file_has_reached_the_disk_under_its_name_when_it_is_kept(store, tmp_path, monkeypatch):
    """Otherwise the ledger, which is synced, could speak of a file that a power cut took away."""
    synced: list[tuple[str, list[str]]] = []

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        synced.append((path.name, sorted(child.name for child in path.iterdir()) if path.is_dir() else []))

    monkeypatch.setattr(os, "fsync", fsync)
    name = store.put(b"kept")
    home, kept, named = (tmp_path.name, ["files"]), ("files", [name[:2]]), (name[:2], [name])
    (written, _), *folders = synced
    assert written.startswith(f"{name}."), "its bytes, before it has its name"
    assert folders == [named, home, kept]
    synced.clear()
    store.put(b"kept")
    assert synced == [named], "who kept it first may have died before; the folders are known to be there"
    synced.clear()
    FileStore(tmp_path / "files").put(b"kept")
    assert synced == folders, "another process knows nothing of them"
    for taken_away, again in (
        ("files/" + name[:2], [name[:2], "files"]),
        ("files", [name[:2], tmp_path.name, "files"]),
    ):
        store.put(b"another")
        shutil.rmtree(tmp_path / taken_away)
        synced.clear()
        store.put(b"kept")
        assert [folder for folder, _ in synced[1:]] == again, "neither do we any longer"


@pytest.mark.parametrize(("number", "is_kept"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_only_a_file_system_that_cannot_sync_a_folder_may_refuse_to(store, monkeypatch, number, is_kept):
    really = os.fsync

    def fsync(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().is_dir():
            raise OSError(number, os.strerror(number))
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    if is_kept:
        assert store.get(store.put(b"kept")) == b"kept"
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            store.put(b"kept")
