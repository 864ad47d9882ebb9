"""Runs the commands of a document in one bash session, in its order, with the programs that a reader would use.

A document names the usual ports (14000, 15000, 8480) and asks the sandbox at its usual door; here each is given a free
port, so that several documents can be followed at once.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.documents import Block, blocks

_MARK = "\x1e"
_PROGRAMS = Path(sys.executable).parent  # where pip put certwright beside this Python
_DRAWN = re.compile(r"[─-╿]+")  # the lines of tables
_CHANGING = re.compile(r"\b(?=\w*\d)\w{8,}\b|\d+")  # fingerprints, random values, dates, numbers, ports


@dataclass(frozen=True)
class Ports:
    """What the usual ports are replaced by."""

    ca: int
    management: int
    server: int

    @classmethod
    def free(cls, ca: int = 0, management: int = 0) -> Ports:
        """Free ones, for those that are not given."""
        return cls(ca or _free_port(), management or _free_port(), _free_port())

    def put_into(self, text: str) -> str:
        """A document's text with these ports in it."""
        for usual, mine in (("14000", self.ca), ("15000", self.management), ("8480", self.server)):
            text = re.sub(rf"(?<=[: ]){usual}\b", str(mine), text)
        return text


@dataclass(frozen=True)
class Ran:
    """A block that was run, and what it printed on standard output and error."""

    block: Block
    output: str


def follow(
    document: Path, folder: Path, ports: Ports, environment: Mapping[str, str] | None = None, *, seconds: float = 60
) -> list[Ran]:
    """Run every ``sh`` block of a document in ``folder``; a command that fails fails the test."""
    wanted = blocks(document)
    for block in wanted:
        if block.kind == "python" and block.file_name:
            (folder / block.file_name).write_text(ports.put_into(block.text))
    steps = [block for block in wanted if block.kind == "sh"]
    script = folder / ".session.sh"
    script.write_text(_script(steps, ports))
    log = folder / ".session.log"
    code = _bash(script, log, folder, _environment(folder, ports, environment or {}), seconds)
    _, *outputs = log.read_text(errors="replace").split(_MARK)
    ran = [Ran(block, output.partition("\n")[2]) for block, output in zip(steps, outputs, strict=False)]
    assert code == 0, f"{document.name}, line {ran[-1].block.line}:\n{ran[-1].block.text}\n{ran[-1].output}"
    assert len(ran) == len(steps)
    return ran


def assert_shown(document: Path, ran: list[Ran]) -> None:
    """Every ``text`` block shows lines that the ``sh`` block before it printed, in their order.

    Numbers, dates and random values may differ; spaces and table lines do not count; … stands for anything.
    """
    outputs = {step.block.line: step.output for step in ran}
    printed = ""
    for block in blocks(document):
        if block.kind == "sh":
            printed = outputs[block.line]
        elif block.kind == "text":
            missing = first_missing(block.text, printed)
            assert missing is None, f"{document.name}, line {block.line}: not printed: {missing}\n{printed}"


def first_missing(shown: str, printed: str) -> str | None:
    """The first line of a ``text`` block that was not printed after the lines before it; None when all were."""
    told, place = " ".join(_words(printed)), 0
    for line in shown.splitlines():
        words = _words(line)
        found = re.compile(r"\s+".join(map(_pattern, words))).search(told, place)
        if found is None:
            return line
        place = found.end()
    return None


def _words(text: str) -> list[str]:
    return _DRAWN.sub(" ", text).split()


def _pattern(word: str) -> str:
    parts = []
    for piece in re.split("(…)", word):
        if piece == "…":
            parts.append(".*?")
            continue
        at = 0
        for found in _CHANGING.finditer(piece):
            parts.append(re.escape(piece[at : found.start()]) + r"\w+")
            at = found.end()
        parts.append(re.escape(piece[at:]))
    return "".join(parts)


def _script(steps: list[Block], ports: Ports) -> str:
    """One bash script of all steps. Whatever they left running is ended with it."""
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for number, block in enumerate(steps):
        lines += [f"printf '\\036{number}\\n'", ports.put_into(block.text)]
    return "\n".join(lines)


def _environment(folder: Path, ports: Ports, more: Mapping[str, str]) -> dict[str, str]:
    """A reader's environment: nothing of ours in it, a home folder of its own, our programs found first."""
    programs = folder / ".programs"
    programs.mkdir()
    real = shlex.quote(str(_PROGRAMS / "certwright-sandbox"))
    wrapper = programs / "certwright-sandbox"
    wrapper.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        f'serve) exec {real} "$@" --port {ports.ca} --management-port {ports.management} ;;\n'
        f'*) exec {real} "$@" --management-url http://127.0.0.1:{ports.management} ;;\n'
        "esac\n"
    )
    wrapper.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CERTWRIGHT_")}
    path = os.pathsep.join([str(programs), str(_PROGRAMS), kept.get("PATH", os.defpath), "/usr/sbin"])
    return {**kept, "PATH": path, "HOME": str(folder), "NO_COLOR": "1", **more}


def _bash(script: Path, log: Path, folder: Path, environment: Mapping[str, str], seconds: float) -> int:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", str(script)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"not done in {seconds} s:\n{log.read_text(errors='replace')[-3000:]}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
