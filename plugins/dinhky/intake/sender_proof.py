"""What our own mail server found out about a sender (RFC 8601). Anybody can write any name after "From"."""

from __future__ import annotations

import re
from email.message import Message

FALSE, TRUE = frozenset({"fail", "permerror"}), "pass"
_RESULT = re.compile(r"(?:^|;)\s*(dmarc|spf|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")


def is_proven_false(message: Message, authserv: str) -> bool:
    """Whether our server says that the mail does not come from where it says.

    Only the topmost result under the server's own name counts: one further down may have come with the mail. DMARC
    decides; without it, a failure of SPF or DKIM that the other does not make good. No word from the server is no
    proof against anybody: mail within one house gets none.
    """
    for value in message.get_all("Authentication-Results") or ():
        said = _COMMENT.sub(" ", str(value)[:5000])
        if said.partition(";")[0].split()[:1] == [authserv]:
            results: dict[str, set[str]] = {}
            for method, result in _RESULT.findall(said):
                results.setdefault(method.lower(), set()).add(result.lower())
            if "dmarc" in results and not results["dmarc"] <= {"none", "temperror"}:
                return TRUE not in results["dmarc"]
            others = results.get("spf", set()) | results.get("dkim", set())
            return bool(others & FALSE) and TRUE not in others
    return False
