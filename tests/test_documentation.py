"""What the documents say is so: commands, options, files and words exist. And the repository betrays no machine."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dinhky import cli

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")))
STANDARDS = REPOSITORY.parent / "shared" / "standards.md"
TOP_LEVEL = {
    "dags", "docs", "include", "plugins", "tests",
    "README.md", "CHANGELOG.md", "LICENSE",
    "Makefile", "pyproject.toml", "requirements.in", "requirements.txt",
    "Dockerfile", "docker-compose.yaml", ".dockerignore", ".env.example", ".gitignore", ".ci",
}  # fmt: skip
PROMISED_TARGETS = {"setup", "demo", "run", "test", "lint", "bench", "clean"}
PICTURES = ("run.png", "dags.png", "required-action.png")
BINARY = {".docx", ".xlsx", ".png"}
OF_A_MACHINE = re.compile(r"(?<![\w.}-])/(" + "|".join(("work", "tmp", "root", "home")) + r")\b")
"""Spelled so that it does not find itself."""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    return [Path(name) for name in listed.decode().split("\0") if name]


def code_of(document: Path) -> list[str]:
    """The document's code: every line of its blocks, and every span within a line."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", prose)


# Commands


def commands_of(
    parser: argparse.ArgumentParser, words: str = "dinhky"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command of the parser that can be run, as typed."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield words, parser
    for action in inner:
        for name, subparser in action.choices.items():
            yield from commands_of(subparser, f"{words} {name}")


COMMANDS = dict(commands_of(cli._parser(), "dinhky"))
USAGES = re.findall(
    r"^\| `(dinhky [^`]+)` \|", (REPOSITORY / "docs" / "command-line.md").read_text("utf-8"), re.MULTILINE
)
DOCUMENTED = {re.match(r"dinhky( [a-z][a-z-]*)+", usage)[0]: usage.replace("\\|", "|") for usage in USAGES}


def test_the_command_line_is_documented_whole():
    assert DOCUMENTED.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commands_arguments_are_those_documented(command):
    usage = DOCUMENTED[command].removeprefix(command)
    in_brackets = {
        shown.strip("[]"): shown.startswith("[") for shown in re.findall(r"\[[^\]]+\]|-\S+ [A-Z]+|\S+", usage)
    }
    actions = [action for action in COMMANDS[command]._actions if action.dest != "help"]
    assert len(in_brackets) == len(actions)
    for action in actions:
        shown = spellings(action) & in_brackets.keys()
        assert [in_brackets[spelling] for spelling in shown] == [not action.required], action.dest


def spellings(action: argparse.Action) -> set[str]:
    """The ways in which a usage line may show an argument."""
    values = [str(choice) for choice in action.choices or () if choice != action.default]
    if not action.option_strings:
        shown = "|".join(map(str, action.choices)) if action.choices else action.metavar or action.dest.upper()
        return {f"{shown}…" if action.nargs == "+" else shown}
    if action.nargs == 0:
        return set(action.option_strings)
    shown_values = values or [action.metavar or action.dest.upper(), action.dest[0].upper(), "N"]
    return {f"{option} {value}" for option in action.option_strings for value in shown_values}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_documents_name_exist(document):
    targets = targets_of_make()
    for code in code_of(document):
        if found := re.match(r"make ([a-z-]+)", code):
            assert found[1] in targets, code
            for variable in re.findall(r"\b([A-Z]+)=", code):
                assert f"$({variable})" in (REPOSITORY / "Makefile").read_text("utf-8"), code
        elif found := re.match(r"(?:\.venv/bin/)?(dinhky [a-z].*)", code):
            assert any(f"{found[1]} ".startswith(f"{command} ") for command in COMMANDS), code


def targets_of_make() -> dict[str, str]:
    """Every target that is not a file, with its help."""
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    return {name: (re.search(rf"^{name}:.*?## (.+)$", makefile, re.MULTILINE) or ("", ""))[1] for name in phony}


def test_make_has_the_promised_targets_and_every_target_has_its_help():
    targets = targets_of_make()
    assert targets.keys() >= PROMISED_TARGETS
    assert all(targets.values())
    # As from a shell, also where these tests are themselves run by make: it would announce its directory.
    shell = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    listed = subprocess.run(["make"], cwd=REPOSITORY, env=shell, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1]: line.split(maxsplit=2)[2] for line in listed.splitlines()} == targets


# Links, pictures, words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_documents_link_to_exists(document):
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
        assert target.startswith("https://") or (document.parent / target).exists(), target
    for path in code_of(document):
        if re.fullmatch(r"(dags|docs|include|plugins|tests)/[\w./-]+", path):
            assert (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("name", PICTURES)
def test_the_readmes_pictures_are_pictures(name):
    assert f"docs/pictures/{name}" in (REPOSITORY / "README.md").read_text("utf-8")
    assert (REPOSITORY / "docs" / "pictures" / name).read_bytes().startswith(b"\x89PNG\r\n")


def test_settings_that_the_readme_names_are_in_the_example():
    named = {name for code in code_of(REPOSITORY / "README.md") for name in re.findall(r"^DINHKY_[A-Z_]+", code)}
    assert len(named) > 3
    example = (REPOSITORY / ".env.example").read_text("utf-8")
    assert all(name in example for name in named)


def test_the_glossary_has_every_word_of_the_standards():
    if not STANDARDS.exists():
        pytest.skip("the standards are not beside this repository")
    section = STANDARDS.read_text("utf-8").partition("## Words")[2]
    standard = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", section, re.MULTILINE)
    assert len(standard) > 10
    glossary = (REPOSITORY / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", glossary, re.MULTILINE)
    terms, vietnamese = (" | ".join(column) for column in zip(*rows, strict=True))
    for english_words, vietnamese_words in standard:
        assert all(word in terms for word in english_words.split(" / ")), english_words
        assert all(word in vietnamese for word in vietnamese_words.split(" / ")), vietnamese_words


# The repository itself


def test_the_top_level_is_that_of_the_design():
    assert {path.parts[0] for path in tracked()} == TOP_LEVEL


def test_no_path_of_some_machine_is_in_a_file():
    checked = 0
    for path in tracked():
        if path.suffix not in BINARY | {".md"} and (REPOSITORY / path).exists():
            checked += 1
            for number, line in enumerate((REPOSITORY / path).read_text("utf-8").splitlines(), 1):
                assert not OF_A_MACHINE.search(line), f"{path}:{number}"
    assert checked > 100


@pytest.mark.parametrize("before", ["", "see ", '"', "=", "file://"])
@pytest.mark.parametrize("folder", ["work", "tmp", "root", "home"])
def test_a_path_of_some_machine_would_be_found(before, folder):
    assert OF_A_MACHINE.search(f"{before}/{folder}/canbo")


@pytest.mark.parametrize("before", ["{folder}", "https://example.org", "..", "./x"])
@pytest.mark.parametrize("folder", ["work", "tmp", "root", "home"])
def test_a_path_below_some_other_folder_is_let_through(before, folder):
    assert not OF_A_MACHINE.search(f"{before}/{folder}/canbo")


def test_sample_data_can_reach_nobody():
    hosts = []
    for file in (REPOSITORY / "include" / "data").rglob("*.yaml"):
        hosts += re.findall(r"(?:https?://|[\w.+-]+@)([\w.-]+\w)", file.read_text("utf-8"))
    assert len(hosts) > 20
    assert [host for host in hosts if not host.endswith((".example", ".invalid"))] == []


# What is installed


def test_every_requirement_is_pinned():
    lines = (REPOSITORY / "requirements.txt").read_text("utf-8").splitlines()
    requirements = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert len(requirements) > 50
    assert [line for line in requirements if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!]+( ;.+)?", line)] == []


def test_everything_asked_for_is_pinned():
    pinned = dict(requirements_of("requirements.txt"))
    for name, wanted in requirements_of("requirements.in"):
        assert name in pinned
        assert not wanted.startswith("==") or wanted == pinned[name]


def requirements_of(file: str) -> list[tuple[str, str]]:
    """Canonical name and version mark of every requirement of a file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)([<>=!~][^\s;]*)?", (REPOSITORY / file).read_text("utf-8"), re.MULTILINE)
    return [(re.sub(r"[._-]+", "-", name).lower(), version) for name, version in found]


def test_ci_installs_every_program_that_a_test_starts():
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    packages = re.search(r"^packages=\((.*?)\)", ci, re.MULTILINE | re.DOTALL)[1].split()
    assert {"libreoffice-writer", "libreoffice-calc", "poppler-utils", "chromium", "postgresql", "docker-compose",
            "dovecot-imapd", "openssl", "make"} <= set(packages)  # fmt: skip
    assert [f"make {target}" in ci for target in ("setup", "lint", "test", "bench")] == [True] * 4


def test_the_compose_file_and_the_plans_are_yaml_without_tabs():
    files = [REPOSITORY / "docker-compose.yaml", *sorted((REPOSITORY / "include").rglob("*.yaml"))]
    assert len(files) > 10
    for file in files:
        assert yaml.safe_load(file.read_text("utf-8")), file
        assert "\t" not in file.read_text("utf-8"), file
