"""When two things told are one published item: by their link, or by their title."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_TRACKING = ("utm_", "fbclid", "gclid", "zarsrc", "mibextid", "igsh", "__cft__", "__tn__", "mc_cid", "mc_eid", "_ga")
"""Beginnings of the parameters that say who passed a link on."""
_TELLS_NOTHING = {
    *("ref", "refsrc", "src", "source", "from", "share", "shared", "si", "feature", "spm", "rdid", "msclkid", "dclid"),
    *("sid", "sessionid", "phpsessid", "jsessionid", "uid", "userid", "clientid"),
}
"""Parameters that say from where a page was reached, or by whom."""
_DEFAULT_PORT = re.compile(r":(80|443)?$")
_PATH_PARAMETERS = re.compile(r";[^/]*")
_BEGINNING = re.compile(r"(?:^|[^=/?&#%])https?://|(?:^|[\s,;|])www\.", re.IGNORECASE)
"""An address in an address (`?u=https://…`, `/web/2026/https://…`) begins after one of an address's own signs."""
_WORDS = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"\.\w+$")
_SCRIPT = re.compile(r"\.(aspx?|php\d?|jspx?|do|cgi)$", re.IGNORECASE)
_WORDS_OF_A_SLUG = 5
"""A section of a portal (`thong-tin-tuyen-truyen`) has up to four words, the name of an article nearly always more."""
LONGEST_ADDRESS = 2_100
"""Characters: browsers and Excel take no longer ones, and taking a long one apart takes quadratic time."""
REMEMBERED = 20_000
"""How many links and titles are kept: every tally compares all that a plan was told, over and over."""
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
"""Vietnamese tone marks, decomposed: grave, acute, tilde, hook above, dot below."""


def bare_link(link: str) -> str:
    """What two links to the same item share: two items have one link if and only if this is equal.

    It leaves out scheme, `www.`, the host's case, a default port, fragment, final slash, and of the query:

    - always, parameters that say how the reader came: `utm_source`, `fbclid`, `ref`, session numbers …
    - all others too, but for an item's number (`id`, `newsid`, `story_fbid`), where the path itself names an article:
      its last part has a number in it or at least five words.

    A path that names no article (`/`, `/index.php`, `/news`, `/viewnews.aspx`, `/tin-tuc`) keeps its query, sorted: it
    is all that tells one article from another. A fragment that is a route of its own (`#/bai/7`) stays.

    ==================================================  ====================================================
    ``https://www.a.example/tin-tuc/bai-7.html?xem=1``  ``a.example/tin-tuc/bai-7.html``
    ``http://A.example/tin-tuc/bai-7.html/#dau``        ``a.example/tin-tuc/bai-7.html``
    ``https://a.example/?p=45&utm_source=zalo``         ``a.example?p=45``
    ``https://a.example/viewnews.aspx?lang=vi&id=7``    ``a.example/viewnews.aspx?id=7&lang=vi``
    ``https://a.example/nhom/12?xem=bai&id=7``          ``a.example/nhom/12?id=7``
    ==================================================  ====================================================

    Where in doubt two links stay two items: a piece of work not counted is worse than one that an officer strikes out.
    What is longer than any address is only the same as itself.
    """
    return _bare_link(link) if len(link) <= LONGEST_ADDRESS else link.strip()


@lru_cache(maxsize=REMEMBERED)
def _bare_link(link: str) -> str:
    try:
        parts = urlsplit(link.strip())
    except ValueError:  # no address at all: the same as itself
        return link.strip()
    host = _DEFAULT_PORT.sub("", parts.netloc.rpartition("@")[2].casefold()).removeprefix("www.")
    path = unicodedata.normalize("NFC", unquote(_PATH_PARAMETERS.sub("", parts.path))).rstrip("/")
    query = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _tells_nothing(name)
    ]
    if _names_an_article(path):
        query = [(name, value) for name, value in query if name.lower().endswith("id")]
    route = f"#{parts.fragment}" if parts.fragment.startswith(("/", "!")) else ""
    return f"{host}{path}{'?' if query else ''}{urlencode(sorted(query))}{route}"


def is_web_link(text: str) -> bool:
    """Whether it is one http or https address of a host with a dot in its name, without spaces."""
    return len(text) <= LONGEST_ADDRESS and _is_web_link(text)


@lru_cache(maxsize=REMEMBERED)
def _is_web_link(text: str) -> bool:
    if any(sign.isspace() for sign in text) or has_several_links(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in host.strip(".")


def has_several_links(text: str) -> bool:
    """Whether a text has more than one web address, however they are set apart, or not at all.

    Taken for one, all but the first piece of work would be lost without a word.
    """
    return len(_BEGINNING.findall(text)) > 1


@lru_cache(maxsize=REMEMBERED)
def folded_title(title: str) -> str:
    """What two spellings of one title share: two items on one channel have one title if and only if this is equal.

    Unicode form, case, spaces, punctuation and invisible characters do not tell titles apart, nor does the place of a
    tone mark (`hoá`, `hóa`). Numbers and every letter do. Empty for a title without letters and numbers, which is
    then no title to compare.
    """
    visible = "".join(mark for mark in title if unicodedata.category(mark) != "Cf")
    words = _WORDS.findall(unicodedata.normalize("NFC", visible).casefold())
    return " ".join(_tone_last(word) for word in words)


def _tells_nothing(parameter: str) -> bool:
    name = parameter.lower()
    return name in _TELLS_NOTHING or name.startswith(_TRACKING)


def _names_an_article(path: str) -> bool:
    last = path.rpartition("/")[2]
    words = _WORDS.findall(_ENDING.sub("", last))
    if len(words) == 1 and _SCRIPT.search(last):  # `news2.aspx`
        return False
    return len(words) >= _WORDS_OF_A_SLUG or any(character.isdigit() for word in words for character in word)


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    tones = [mark for mark in letters if mark in _TONES]
    return unicodedata.normalize("NFC", "".join(mark for mark in letters if mark not in _TONES)) + "".join(tones)
