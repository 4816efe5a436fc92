"""A real IMAP server: Debian's Dovecot, run by an ordinary user on loopback, its one mailbox in a folder of its own."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

USER, PASSWORD = "nhantep@phucloi.example", "bí mật/@:%"
"""A password with every sign that a URL or an IMAP string could trip over."""
CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_uid = {user}
mail_gid = {group}
mail_location = maildir:{folder}/mail
mail_fsync = never
auth_mechanisms = plain
disable_plaintext_auth = yes
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
ssl_dh =
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = home={folder}/home
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
"""


@dataclass
class Dovecot:
    """The server while it runs: its ports, and the maildir in which mail is delivered."""

    folder: Path
    port: int
    tls_port: int

    @property
    def ca(self) -> Path:
        return self.folder / "server.pem"

    @property
    def maildir(self) -> Path:
        return self.folder / "mail"

    def deliver(self, mail: EmailMessage | bytes) -> None:
        """As a mail server does: written beside the mailbox, then moved in whole."""
        data = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
        name = f"{time.time_ns()}.test"
        for part in ("tmp", "new", "cur"):
            (self.maildir / part).mkdir(parents=True, exist_ok=True)
        (self.maildir / "tmp" / name).write_bytes(data)
        owner = self.maildir.stat()
        for path in (
            self.maildir,
            *(self.maildir / part for part in ("tmp", "new", "cur")),
            self.maildir / "tmp" / name,
        ):
            os.chown(path, self.folder.stat().st_uid, owner.st_gid)
        os.replace(self.maildir / "tmp" / name, self.maildir / "new" / name)

    def mails(self, folder: str = "") -> list[bytes]:
        """What lies in a folder of the mailbox, as the server keeps it, which moves a file while somebody reads it."""
        place = self.maildir / folder if folder else self.maildir
        while True:
            files = [file for part in ("new", "cur") for file in sorted((place / part).glob("*"))]
            try:
                return [file.read_bytes() for file in {_name_of(file): file for file in files}.values()]
            except FileNotFoundError:
                continue  # it was moved or removed between the two looks


def _name_of(file: Path) -> str:
    """What a mail is called in `new` and in `cur`, where its marks are added."""
    return file.name.partition(":")[0]


@contextmanager
def dovecot(separator: str = "/", prefix: str = "") -> Iterator[Dovecot]:
    """The server, from its start to its end."""
    folder = Path(tempfile.mkdtemp(prefix="dinhky-imap-"))  # short: a socket's path has at most 107 bytes
    user, group = _ordinary_user()
    server = Dovecot(folder, _free_port(), _free_port())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / "server.key", "-out", folder / "server.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "mail").mkdir()
    written = CONFIGURATION.format(
        folder=folder, user=user, group=group, port=server.port, tls_port=server.tls_port, separator=separator,
        prefix=prefix,
    )  # fmt: skip
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    (folder / "users").write_text(f"{USER}:{{PLAIN.b64}}{encoded}\n", "utf-8")
    (folder / "dovecot.conf").write_text(written, "utf-8")
    command = ["dovecot", "-F", "-c", str(folder / "dovecot.conf")]
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user, group)
        command = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(server.port, process, folder)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        shutil.rmtree(folder)


def _ordinary_user() -> tuple[str, str]:
    import grp
    import pwd

    found = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return found.pw_name, grp.getgrgid(found.pw_gid).gr_name


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    log = folder / "log"
    said = process.stderr.read().decode() if process.poll() is not None and process.stderr else ""
    raise RuntimeError(f"Dovecot did not start: {said} {log.read_text() if log.exists() else ''}")
