"""The reference pages say what the program is."""

from __future__ import annotations

import ast
import inspect
import re
from enum import StrEnum
from pathlib import Path

import pytest

from certwright.doors.cli import logs, shapes
from certwright.model import order, words
from certwright.wiring import COMMON_SETTINGS, Settings
from tests.docs.documents import DOCS
from tests.docs.generate import PAGES

VOCABULARIES = [
    value
    for module in (words, order)
    for value in vars(module).values()
    if inspect.isclass(value)
    and issubclass(value, StrEnum)
    and value is not StrEnum
    and value.__module__ == module.__name__
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_generated_page_is_as_the_program_makes_it(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run: python -m tests.docs.generate"


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.__name__)
def test_the_glossary_has_every_word_that_the_program_may_say(vocabulary: type[StrEnum]) -> None:
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")

    assert [word for word in vocabulary if f"`{word}`" not in glossary] == []


@pytest.mark.parametrize("function", ["order", "key", "proof", "certificate", "revocation", "account"])
def test_the_json_page_lists_the_fields_that_are_printed_in_their_order(function: str) -> None:
    page = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {function.capitalize()}\n")[2].partition("\n## ")[0]
    listed = section.partition("| Field |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", listed, re.MULTILINE) == _keys_of(f"{function}_json")


def _keys_of(name: str) -> list[str]:
    """The keys of the object that a function of the shapes returns."""
    (returned,) = (
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(getattr(shapes, name))))
        if isinstance(node, ast.Return)
    )
    assert isinstance(returned, ast.Dict)
    return [key.value for key in returned.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def test_the_settings_page_names_every_variable_of_the_environment_and_no_other() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    read = {f"CERTWRIGHT_{name.upper()}" for name in Settings.model_fields}
    read |= set(re.findall(r"CERTWRIGHT_[A-Z]+", inspect.getsource(logs)))

    assert set(re.findall(r"^\| `(CERTWRIGHT_\w+)`", page, re.MULTILINE)) == read


def test_the_settings_page_names_every_setting_that_all_ca_accounts_have() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")

    assert [name for name in COMMON_SETTINGS if f"| `{name}` |" not in page] == []
