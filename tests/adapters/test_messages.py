"""Every message, by the sample that previews show: nothing missing, nothing unused, and it says what a letter must."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from jinja2 import meta, nodes
from jinja2.environment import Environment

from dinhky import bootstrap
from dinhky.cli.message_samples import Samples, template_of

OFFICE = bootstrap.office(bootstrap.settings({}))
FOLDER = bootstrap.settings({}).messages
SAMPLES = Samples(OFFICE).all()
TEMPLATES = sorted(file.stem for file in FOLDER.glob("*.txt"))
ASKING = sorted(name for name in SAMPLES if name.startswith(("opening", "reminder")))
NOT_LETTERS = {"folder_answer", *(name for name in TEMPLATES if name.startswith("chat_"))}
"""What stands in a folder or a chat greets nobody; of those, a welcome does."""
OFFICES = {"report"}
"""What goes to an office and not to a person."""
DAY = r"\d{1,2}/\d{1,2}/\d{4}"
WEEKDAY = rf"(?:thứ \w+|Chủ nhật), {DAY}"
LEFT = r"còn \d+ ngày làm việc|hôm nay|quá hạn|Hạn gửi phiếu chấm là|gia hạn đến"


def parsed(name: str) -> list[nodes.Template]:
    """A template with all that it extends and includes."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True)
    environment.filters |= bootstrap.words_of(bootstrap.settings({})).filters
    tree = environment.parse((FOLDER / name).read_text("utf-8"))
    return [tree, *(one for other in meta.find_referenced_templates(tree) if other for one in parsed(other))]


def own_names(tree: nodes.Template) -> set[str]:
    """What a template sets, or takes from another one, itself."""
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx in {"store", "param"}}
    imported = [alias for found in tree.find_all(nodes.FromImport) for alias in found.names]
    return own | {alias if isinstance(alias, str) else alias[1] for alias in imported}


def spoken_of(template: str) -> tuple[set[str], set[str]]:
    """The facts that a message speaks of, and those among them that it can do without."""
    trees = parsed(f"{template}.txt")
    named = {name for tree in trees for name in meta.find_undeclared_variables(tree) - own_names(tree)}
    optional = {
        test.node.name
        for tree in trees
        for test in tree.find_all(nodes.Test)
        if test.name == "defined" and isinstance(test.node, nodes.Name)
    }
    # A letter is to a contact or to somebody by name.
    return named, optional | {"contact", "unit", "name"}


def test_every_template_has_a_sample_and_every_sample_a_template():
    assert sorted({template_of(name) for name in SAMPLES}) == TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_samples_of_a_message_have_every_fact_that_it_speaks_of(template):
    named, optional = spoken_of(template)
    given = {fact for name, facts in SAMPLES.items() if template_of(name) == template for fact in facts}
    assert named - optional <= given


def test_no_fact_is_given_that_no_message_with_it_speaks_of():
    users: dict[str, set[str]] = defaultdict(set)
    for name, facts in SAMPLES.items():
        for fact in facts:
            users[fact].add(template_of(name))
    unused = {fact for fact, templates in users.items() if not any(fact in spoken_of(one)[0] for one in templates)}
    assert unused == set()


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_message_has_one_line_of_subject_and_a_body_without_leftovers(name):
    letter = OFFICE.words.letter(template_of(name), **SAMPLES[name])
    assert letter.subject
    assert letter.subject == " ".join(letter.subject.split())
    for text in (letter.subject, letter.body, letter.section):
        assert not any(leftover in text for leftover in ("{{", "}}", "{%", "None", "Undefined", " \n", "\n\n\n", " . "))
    assert letter.body.endswith("\n")
    assert not letter.body.startswith("\n")


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if template_of(name) not in NOT_LETTERS))
def test_people_are_greeted_as_people_and_offices_as_offices_and_every_letter_is_closed(name):
    letter = OFFICE.words.letter(template_of(name), **SAMPLES[name])
    greeting = letter.body.splitlines()[0]
    assert greeting.startswith("Kính gửi: ")
    assert greeting.endswith(",")
    assert greeting.startswith("Kính gửi: Ông/Bà ") == (template_of(name) not in OFFICES)
    assert re.search(r"\n\n(Trân trọng|Kính trình)[^\n]*\n(?:[^\n]+\n)?$", letter.body)


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if template_of(name) not in NOT_LETTERS))
def test_a_section_is_the_matter_alone(name):
    letter = OFFICE.words.letter(template_of(name), **SAMPLES[name])
    assert letter.section.strip() in letter.body
    assert not any(frame in letter.section for frame in ("Kính gửi", "Trân trọng", "Cách nộp:"))


@pytest.mark.parametrize("name", ASKING)
def test_who_is_asked_for_something_reads_what_for_when_until_when_how_and_whom_to_ask(name):
    facts = SAMPLES[name]
    body = OFFICE.words.letter(template_of(name), **facts).body
    what = [facts["round"].obligation, facts["contest"].name if "contest" in facts else ""]
    assert any(one and one.lower() in body.lower() for one in what)
    assert re.search(rf"từ {DAY} đến (?:hết )?(?:{WEEKDAY}|{DAY})", body)
    assert re.search(WEEKDAY, body)
    assert re.search(LEFT, body)
    assert "Cách nộp: " in body
    assert "Mọi vướng mắc xin " in body
    assert re.search(r"Mọi vướng mắc xin .+\(\S+@\S+\)", body)


def test_a_combined_letter_has_every_section_once_and_one_link():
    facts = SAMPLES["combined_unit"]
    letter = OFFICE.words.letter("combined_unit", **facts)
    assert [letter.body.count(part.section.strip()) for part in facts["parts"]] == [1] * len(facts["parts"])
    assert letter.body.count(facts["links"][facts["unit"].code]) == 1
    assert letter.body.count("Kính gửi") == letter.body.count("Trân trọng.") == letter.body.count("Cách nộp:") == 1
    assert letter.subject == "[Định Kỳ] 3 việc của Văn phòng HĐND và UBND phường: 1 việc hạn hôm nay"
    numbered = re.findall(r"^(\d)\. .*$\n-{5,}$", letter.body, re.MULTILINE)
    assert numbered == ["1", "2", "3"]


def test_the_most_urgent_matter_comes_first():
    urgencies = [part.urgency for part in SAMPLES["combined_person"]["parts"]]
    dues = [part.due for part in SAMPLES["combined_unit"]["parts"]]
    assert urgencies == sorted(urgencies, key=["overdue", "today", "soon", "calm"].index)
    assert dues == sorted(dues)
