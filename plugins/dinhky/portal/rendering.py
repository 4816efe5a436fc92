"""The pages' wording and looks, from `include/templates/portal/`: edited by office staff, not by programmers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dinhky.domain.errors import Problem
from dinhky.portal.own_path import own_path
from dinhky.wording import TemplateWords


class Pages:
    """Fills in the pages. `words` gives the wording as it is now: an edited template counts at once."""

    def __init__(self, folder: Path, words: Callable[[], TemplateWords]) -> None:
        self.static = folder / "static"
        self._folder = folder
        self._words = words

    def page(self, request: Request, name: str, /, status: int = 200, **facts: Any) -> HTMLResponse:
        """The page `name`. Its links are relative, so that it works below any prefix and behind any proxy."""
        template = _environment(self._folder, self._words()).get_template(f"{name}.html")
        return HTMLResponse(template.render(base=base_of(request), **facts), status_code=status)

    def sentence(self, code: str, /, **params: Any) -> str:
        """The sentence of an error's code, for the person who caused it."""
        return self._words().sentence(Problem(code, params=params))


def base_of(request: Request) -> str:
    """The way from the page that was asked for up to the portal's root: `../../` for `/u/token/files`."""
    return "../" * (own_path(request.scope).count("/") - 1) or "./"


@lru_cache(maxsize=2)
def _environment(folder: Path, words: TemplateWords) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters |= words.filters
    return environment


def _visible(value: Any) -> Any:
    """Text without characters that steer instead of show: one that turns the direction of writing could make a file's
    name, or a cell's text, read as another. What is left is escaped as all is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "".join(char for char in value if char.isprintable() or char in "\n\t")
    return value
