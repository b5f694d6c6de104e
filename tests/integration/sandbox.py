#!/usr/bin/python3
"""Runs a command as a systemd unit's directives would, as far as one process can without systemd: sandbox.py UNIT
COMMAND... Real filters of the kernel, so that what the unit forbids fails here as it would there.

Applied: SystemCallFilter, SystemCallErrorNumber, RestrictAddressFamilies, MemoryDenyWriteExecute, NoNewPrivileges,
UMask. The exit code 77 says that this machine lacks something for it.
"""
import ctypes
import errno
import os
import pathlib
import socket
import subprocess
import sys

ALLOW = 0x7fff0000
ERRNO = 0x00050000
EQUAL, MASKED_EQUAL = 4, 7  # comparisons of libseccomp
PROT_WRITE, PROT_EXEC = 2, 4


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def directives(path):
    """{name: [values]} of the unit; an empty value forgets those before it."""
    out = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            out.setdefault(name, []).append(value)
    return out


def group_calls(name):
    """The system calls of a group like @system-service, and those of the groups in it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], stdout=subprocess.PIPE, check=True)
    calls = set()
    for line in listed.stdout.decode().splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= group_calls(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def allowed_calls(filters):
    calls = set()
    for value in filters:
        named = set()
        for word in value.lstrip("~").split():
            named |= group_calls(word) if word.startswith("@") else {word}
        calls = calls - named if value.startswith("~") else calls | named
    return calls


def apply(unit):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    refuse = ERRNO | getattr(errno, unit["SystemCallErrorNumber"][0])

    def rule(context, action, call, *comparisons):
        number = library.seccomp_syscall_resolve_name(call.encode())
        array = (Comparison * max(1, len(comparisons)))(*comparisons)
        if number >= 0:  # a call that this architecture has
            assert library.seccomp_rule_add_array(ctypes.c_void_p(context), action, number, len(comparisons), array) == 0

    def load(context):
        assert library.seccomp_load(ctypes.c_void_p(context)) == 0  # sets no_new_privs, too
    families = [getattr(socket, name) for name in unit["RestrictAddressFamilies"][0].split()]
    others = library.seccomp_init(ALLOW)
    for family in range(max(families) + 40):
        if family not in families:
            rule(others, ERRNO | errno.EAFNOSUPPORT, "socket", Comparison(0, EQUAL, family, 0))
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        both = PROT_WRITE | PROT_EXEC
        rule(others, ERRNO | errno.EPERM, "mmap", Comparison(2, MASKED_EQUAL, both, both))
        for call in ("mprotect", "pkey_mprotect"):
            rule(others, ERRNO | errno.EPERM, call, Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    context = library.seccomp_init(refuse)
    for call in allowed_calls(unit["SystemCallFilter"]):
        rule(context, ALLOW, call)
    os.umask(int(unit["UMask"][0], 8))
    load(others)
    load(context)


def main(words):
    try:
        apply(directives(words[0]))
    except OSError as error:
        print("%s: no sandbox here" % error, file=sys.stderr)
        return 77
    os.execvp(words[1], words[1:])
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
