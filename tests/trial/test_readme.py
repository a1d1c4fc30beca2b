"""The README's steps are typed as they stand there: nothing in them is left out, and what is put otherwise is there."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from sim.rigs.processes import is_alive
from tests.support.sshd import OpenSshServer
from tests.trial.__main__ import NAMES, words_of
from tests.trial.readme import NODE, README, Block, Words, blocks, section
from tests.trial.shell import Shell, StepFailed

TEXT = README.read_text(encoding="utf-8")
STEPS = [block for block in blocks(TEXT) if block.language == "sh"]
MAKEFILE = (README.parent / "Makefile").read_text(encoding="utf-8")


def test_every_block_of_the_section_is_a_step_or_what_a_node_is_told() -> None:
    assert section(TEXT).count("```") == 2 * len(blocks(TEXT))
    assert {block.language for block in blocks(TEXT)} == {"sh", "sshd_config"}


def test_the_first_step_installs_what_the_makefile_does() -> None:
    rule = MAKEFILE.split("\n$(VENV)/.run:")[1].split("\n\n")[0]
    installed = re.findall(r"^\t\$\(call install,(.*)\)$", rule, re.MULTILINE)

    assert len(installed) == 2
    assert STEPS[0].code.splitlines() == [
        "python3.11 -m venv .venv",
        *(f".venv/bin/python -m pip install {what}" for what in installed),
    ]


def test_a_node_is_told_its_gpus_as_the_trials_nodes_are(tmp_path: Path) -> None:
    (told,) = (block.code.strip() for block in blocks(TEXT) if block.language == "sshd_config")

    with OpenSshServer(tmp_path / "rig", vendor="amd", gpus=8) as rig:
        assert told in (rig.folder / "sshd_config").read_text()


def test_all_that_the_trial_puts_otherwise_is_in_the_readme(tmp_path: Path) -> None:
    words = words_of(tmp_path, [OpenSshServer(tmp_path / name, name) for name in NAMES], 8080)

    typed = [words.of(block) for block in STEPS]

    assert words.unused == set()
    assert not re.search(rf"\S+@{NODE}|ed25519 {NODE}", "".join(typed))
    assert sum("ssh-copy-id" in line for code in typed for line in code.splitlines()) == len(NAMES)


def test_a_word_that_the_readme_no_longer_has_is_named() -> None:
    words = Words({"/srv/scorer": "/tmp/x", "/opt/elsewhere": "/tmp/y"}, [])

    assert words.of(Block("sh", "ls /srv/scorer\necho")) == "ls /tmp/x\necho"
    assert words.unused == {"/opt/elsewhere"}


def test_a_step_that_fails_ends_the_trial_with_what_it_printed(tmp_path: Path) -> None:
    with Shell(tmp_path, {"PATH": "/usr/bin:/bin"}) as shell:
        assert shell.type("x=1\necho one; echo two >&2") == "one\ntwo"
        assert shell.type("echo $x") == "1", "it is the same shell"
        with pytest.raises(StepFailed) as failed:
            shell.type("echo why; false | cat\necho never")

    assert str(failed.value).endswith("echo never\n\nIt printed:\n\nwhy")


@pytest.mark.parametrize("then", ["true", "false"])
def test_what_a_step_started_ends_with_the_shell(tmp_path: Path, then: str) -> None:
    with contextlib.suppress(StepFailed), Shell(tmp_path, {"PATH": "/usr/bin:/bin"}) as shell:
        shell.type("nohup sleep 600 >/dev/null 2>&1 &")
        (started,) = shell.running()
        shell.type(then)

    assert not is_alive(started)
