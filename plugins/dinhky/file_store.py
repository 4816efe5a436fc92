"""Files kept by content: the name is the SHA-256, a file is written once and never changed."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class FileStore:
    """A folder of immutable files, spread over 256 subfolders by the first two digits of the hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._on_disk: set[str] = set()
        """Subfolders whose own names are known to have reached the disk; with the first of them, the store's. Should
        another process take one away and make it anew, this one does not notice."""

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256 (64 hex digits); a power cut after that does not lose them.

        Keeping the same bytes again writes nothing.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        subfolder = self._subfolder(sha256)
        if not os.path.exists(f"{subfolder}/{sha256}"):
            self._write(subfolder, sha256, data)
        _reach_the_disk(subfolder)  # also for a file whose writer died before this line
        if subfolder not in self._on_disk:
            if not self._on_disk:
                _reach_the_disk(self._folder.parent)
            _reach_the_disk(self._folder)
            self._on_disk.add(subfolder)
        return sha256

    def _write(self, subfolder: str, sha256: str, data: bytes) -> None:
        path = f"{subfolder}/{sha256}"
        temporary = f"{path}.{os.urandom(8).hex()}"  # processes of several machines may share the folder
        try:
            handle = os.open(temporary, _NEW_FILE, 0o440)
        except FileNotFoundError:
            self._on_disk.discard(subfolder)  # somebody may have taken it away, or the whole store
            if not self._folder.is_dir():
                self._on_disk.clear()
            os.makedirs(subfolder, exist_ok=True)
            handle = os.open(temporary, _NEW_FILE, 0o440)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)  # whole or not at all, also for a reader in another process
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def get(self, sha256: str) -> bytes:
        """The bytes of that hash. Raises FileNotFoundError; ValueError if the disk gives other bytes than were kept."""
        data = self.path(sha256).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"stored file {sha256} is damaged")
        return data

    def path(self, sha256: str) -> Path:
        """Where the file of that hash lies. Raises ValueError for text that is no SHA-256."""
        if len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return Path(self._subfolder(sha256), sha256)

    def _subfolder(self, sha256: str) -> str:
        return f"{self._folder}/{sha256[:2]}"


def _reach_the_disk(folder: Path | str) -> None:
    """Have the names in a folder written out: a file's own `fsync` does not include the name it was moved to."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have no such thing for folders
            raise
    finally:
        os.close(handle)
