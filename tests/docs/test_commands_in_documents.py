"""Every command of a document can be typed, every target made, every file found; docs/cli.md has them all."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from entrypoints.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(path for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")) if path.exists())
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ASSIGNMENT = re.compile(r"^[A-Z][A-Z0-9_]*=\S*$")
FOLDERS = ("domain", "application", "projections", "adapters", "entrypoints", "tests", "docker", "docs")
FILE = re.compile(rf"^(?:{'|'.join(FOLDERS)})/[\w./-]+\.(?:py|md|svg|sql|json|yaml|yml|conf)$")
Command = TyperCommand | TyperGroup
ROOT_COMMAND: Command = typer.main.get_command(app)


def lines_of(document: Path) -> Iterator[str]:
    """Lines of the sh blocks, continued ones joined; and what stands in code marks within the text."""
    text = document.read_text()
    for block in BLOCK.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def commands(document: Path, program: str) -> list[list[str]]:
    """Argument lists of every `program …` in a document, assignments before it and pipes after it left off."""
    found = []
    for line in lines_of(document):
        for part in re.split(r"\s(?:\||&&|;|>)\s|\s#\s.*$", line):
            try:
                words = shlex.split(part, comments=False)
            except ValueError:  # a fragment of prose in code marks
                continue
            while words and ASSIGNMENT.match(words[0]):
                words = words[1:]
            if words and words[0] == program:
                found.append(words[1:])
    return found


ZEUS = [(document.name, words) for document in DOCUMENTS for words in commands(document, "zeus")]
MAKE = [(document.name, words) for document in DOCUMENTS for words in commands(document, "make")]


def subcommand(words: list[str]) -> tuple[Command, list[str]]:
    """The command that `words` call and what is left for it."""
    command, rest = ROOT_COMMAND, list(words)
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        inner = command.commands.get(rest[0])
        assert inner is not None, f"there is no command {' '.join(words)!r}"
        command, rest = inner, rest[1:]
    return command, rest


def parse(words: list[str]) -> None:
    """Raises TyperException where the command would refuse the words; runs nothing."""
    command, rest = subcommand(words)
    if rest in (["--help"], []) or rest == ["…"]:
        return
    command.make_context("zeus", [word for word in rest if word != "…"])


@pytest.mark.parametrize(("document", "words"), ZEUS, ids=lambda part: str(part))
def test_a_command_can_be_typed(document: str, words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize(
    "line", ["serve --no-such", "bord", "board x", "charger add --nam x", "sessions --from"]
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    with pytest.raises((TyperException, AssertionError)):
        parse(line.split())


@pytest.mark.parametrize(("document", "words"), MAKE, ids=lambda part: str(part))
def test_a_target_exists(document: str, words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets


def test_documents_have_commands() -> None:
    assert len(ZEUS) >= 10
    assert len(MAKE) >= 2


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    named = {word for word in INLINE.findall(text) if FILE.match(word)}
    missing = sorted(word for word in named if not (ROOT / word).exists())
    for link in LINK.findall(text):
        if "://" not in link and not (document.parent / link).exists():
            missing.append(link)
    assert missing == []


def all_commands(command: Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    """(full name, command) of everything that can be typed."""
    if names and (not isinstance(command, TyperGroup) or command.invoke_without_command):
        yield " ".join(names), command
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from all_commands(inner, (*names, name))


COMMANDS = list(all_commands(ROOT_COMMAND))


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_explains_itself_with_an_example(name: str, command: Command) -> None:
    help_text = command.help or ""
    assert len(help_text.splitlines()[0]) > 20
    example = re.search(r"Example: `((?:[A-Z_]+=\S+ )*)zeus ([^`]+)`", help_text)
    assert example is not None, f"zeus {name} has no example"
    words = shlex.split(example[2])
    assert subcommand(words)[0] is command
    parse(words)
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"zeus {name}: {parameter.name} is not explained"


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_the_page_of_commands_has_it(name: str) -> None:
    assert f"\n### `zeus {name}`" in (ROOT / "docs" / "cli.md").read_text()


def test_the_page_of_commands_has_no_other() -> None:
    headed = re.findall(r"^### `zeus ([^`]+)`", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE)
    assert sorted(headed) == sorted(name for name, _ in COMMANDS)
