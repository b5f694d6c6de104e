"""MariaDB's disk is full: the importer waits, says so, and goes on when there is room; every table is exact.

The server runs in a mount namespace of its own, with its data on a small file system there."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import generator
import reference
import rig

ROOM = 320  # MiB, of the file system
FULL = {3, 20, 28, 1021, 1026, 1030, 1114}  # the server's ways to say it
UNSHARE = ["unshare", "--mount", "--propagation", "private"]


def mountable():
    """Whether a file system may be mounted here, in a mount namespace."""
    if not shutil.which("unshare"):
        pytest.skip("no unshare (util-linux) here")
    done = subprocess.run(UNSHARE + ["mount", "-t", "tmpfs", "none", "/mnt"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        pytest.skip("no file system may be mounted here: " + done.stdout.decode().strip())


class SmallMaria(rig.MariaDB):
    """Its data, and all else that `small` names, are on a file system of ROOM MiB."""

    def __init__(self, folder, template, small=(), options=()):
        self.mount = folder / "small"
        self.mount.mkdir()
        options = ["--datadir=%s" % (self.mount / "data"), "--innodb-log-file-size=16M"] + [
            "--%s=%s" % (name, self.mount / "data" / where) for name, where in small] + list(options)
        super().__init__(folder, template, options=options)

    def start(self):
        script = 'mount -t tmpfs -o size=%dM none "$1" && cp -a "$2" "$1" && shift 2 && exec "$@"' % ROOM
        process = rig.Process

        def within(command, *rest):
            command = [rig.program(command[0])] + command[1:]
            return process(UNSHARE + ["sh", "-c", script, "sh", self.mount, self.folder / "data"] + command, *rest)
        rig.Process = within
        try:
            super().start()
        finally:
            rig.Process = process

    def _filler(self):
        return pathlib.Path("/proc/%d/root%s/filler" % (self.process.pid, self.mount))

    def fill(self, left):
        """All but `left` MiB."""
        state = os.statvfs(self._filler().parent)
        with open(self._filler(), "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, state.f_bavail * state.f_bsize - (left << 20))

    def free(self):
        self._filler().unlink()


def codes(daemon):
    return {int(code) for code in re.findall(r"warning: store: .*\(error (\d+)\)", daemon.output())}


def rows():
    """More rows than there is room for, in partitions that are there."""
    return list(generator.unique(20000)), 8


def days():
    """Each needs a partition, which is more files."""
    return [generator.one(flowStartSeconds=1700002810 + 86400 * i, flowEndSeconds=1700002820 + 86400 * i)
            for i in range(60)], 1


@pytest.mark.parametrize("small", [[], [("tmpdir", "."), ("log-bin", "binlog")]], ids=["tables", "binary log, too"])
@pytest.mark.parametrize("what", [rows, days])
def test_a_full_disk(make_site, make_store, folder, maria_template, small, what):
    mountable()
    (folder / "server").mkdir()
    server = SmallMaria(folder / "server", maria_template, small)
    try:
        entries, left = what()
        first = len(entries) // 20
        site = make_site(store=make_store("mysql", server))
        daemon = site.daemon()
        site.redis.push(entries[:first])
        site.settle(first, daemon)
        server.fill(left)
        site.redis.push(entries[first:])
        site.wait_claimed()
        daemon.flush()
        rig.wait_for(lambda: codes(daemon) or not daemon.running(), daemon.output)
        assert daemon.running(), daemon.output()
        assert site.ledger()["entries"] == first
        server.free()
        site.settle(len(entries), daemon)
        assert codes(daemon) <= FULL, daemon.output()
        daemon.stop()
        rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
        site.verify()
    finally:
        server.kill()
