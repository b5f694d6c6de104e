"""Shell completion: bash sources the script and completes; zsh and fish, where they are there, parse theirs."""
import re
import shutil
import subprocess

import pytest

import rig


@pytest.fixture(scope="module")
def script():
    return rig.BUILD / "completion/flowimport.bash"


def complete(script, folder, *words):
    """What bash offers for the last of the words; it splits --option=value in three, as readline does."""
    parts = [part for word in ("flowimport",) + words for part in (re.split("(=)", word) if "=" in word else [word])]
    if parts[-2:] == ["=", ""]:
        parts.pop()
    done = subprocess.run(
        ["bash", "--norc", "-c", "compopt() { :; }; source \"$1\"; shift; COMP_WORDS=(\"$@\"); "
         "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _flowimport; printf '%s\\n' \"${COMPREPLY[@]}\"",
         "bash", str(script), *parts], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=rig.BOUND,
        check=True)
    assert done.stderr == b""
    return sorted(line for line in done.stdout.decode().splitlines() if line)


COMMANDS = ["convert", "doctor", "export", "migrate", "open", "print", "push", "rejected", "retention", "schema", "serve",
            "status", "top", "verify"]


@pytest.mark.parametrize("words, offered", [
    ([""], COMMANDS),
    (["s"], ["schema", "serve", "status"]),
    (["--onc"], ["--once"]),
    (["--store", ""], []),
    (["--store", "sqlite:x", "to"], ["top"]),
    (["--store=sqlite:x", "to"], ["top"]),
    (["top", ""], ["by", "flows", "hosts", "ports"]),
    (["-c", "file", "top", "h"], ["hosts"]),
    (["top", "hosts", "--f"], ["--filter", "--filter-unknown-ports", "--flush-interval", "--fragments", "--from"]),
    (["status", "--f"], ["--filter", "--filter-unknown-ports", "--flush-interval", "--fragments"]),
    (["top", "hosts", "--j"], ["--json"]),
    (["rejected", "clear", "--j"], []),
    (["retention", "run", "--d"], ["--decapsulate", "--deduplicate", "--delivery", "--dry-run"]),
    (["schema", "print", ""], ["grants", "head", "retention", "tables"]),
    (["schema", "check", ""], []),
    (["print", "--format", "z"], ["zeek"]),
    (["print", "--format=a"], ["argus", "argus-db", "auto", "azure"]),
    (["print", "--format="], ["argus", "argus-db", "auto", "azure", "gcp", "goflow2",
                                  "iana", "json", "nfdump", "pcap", "pmacct", "silk", "suricata", "vermont-db", "vpc",
                                  "zeek"]),
    (["print", "--format", "json", "fl"], ["flows.json", "flows of today.json"]),
    (["--once", "flows."], ["flows.json"]),
    (["--config", "f"], ["flows.json", "flows of today.json"]),
    (["--spool", ""], ["spool"]),
], ids=lambda value: " ".join(value) if value else "nothing")
def test_bash_completes(script, folder, words, offered):
    for name in ("flows.json", "flows of today.json", "other.json"):
        (folder / name).write_text("")
    (folder / "spool").mkdir()
    assert complete(script, folder, *words) == sorted(offered)


def test_bash_offers_what_help_lists(script, folder):
    """Each option of each command, by its --help."""
    for command in COMMANDS:
        help_text = subprocess.run([str(rig.BUILD / "flowimport"), command, "--help"], stdout=subprocess.PIPE,
                                   timeout=rig.BOUND, check=True).stdout.decode()
        options = re.findall(r"^  (--[a-z-]+)", help_text, re.M)
        assert set(options) <= set(complete(script, folder, command, "--")), command


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_parse_theirs(shell):
    if not shutil.which(shell):
        pytest.skip("there is no " + shell)
    subprocess.run([shell, "-n", str(rig.BUILD / "completion" / ("flowimport." + shell))], timeout=rig.BOUND,
                   check=True)
