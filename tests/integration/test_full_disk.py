"""MariaDB's disk is full: the importer waits, says so, and goes on when there is room; every table is exact.

The server runs in a mount namespace of its own, with its data on a small file system there."""
import os
import pathlib
import re
import shutil
import subprocess

import pymysql
import pytest

import generator
import reference
import rig

ROOM = 320  # MiB, of the file system
FULL = {3, 20, 28, 1021, 1026, 1030, 1114, 3675}  # the server's ways to say it
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
    """Its data are on a file system of ROOM MiB; temporary files, too, where there is a binary log, whose transactions
    go there first. The log itself has room: where it has not, the server waits a minute before it tries again."""

    def __init__(self, folder, template, binary_log):
        self.mount = folder / "small"
        self.mount.mkdir()
        self.holder = None
        options = ["--datadir=%s" % (self.mount / "data"), "--innodb-log-file-size=16M"]
        if binary_log:
            options += ["--tmpdir=%s" % (self.mount / "data"), "--log-bin=%s" % (folder / "binlog")]
        super().__init__(folder, template, options=options)

    def start(self):
        if not self.holder:  # keeps the mount where the server dies of a full disk
            script = 'mount -t tmpfs -o size=%dM none "$1" && cp -a "$2" "$1" && echo made && exec sleep infinity' % ROOM
            self.holder = subprocess.Popen(UNSHARE + ["sh", "-c", script, "sh", self.mount, self.folder / "data"],
                                           stdout=subprocess.PIPE)
            assert self.holder.stdout.readline() == b"made\n"
        process = rig.Process

        def within(command, *rest):
            return process(["nsenter", "-t", self.holder.pid, "-m", "-r", rig.program(command[0])] + command[1:], *rest)
        rig.Process = within
        try:
            super().start()
        finally:
            rig.Process = process

    def is_back(self):
        """InnoDB may end the server on a full disk; then it is started again, as an init system does it."""
        if not self.process.running():
            self.start()
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def end(self):
        self.kill()
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def _filler(self):
        return pathlib.Path("/proc/%d/root%s/filler" % (self.holder.pid, self.mount))

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


@pytest.mark.parametrize("binary_log", [False, True], ids=["tables", "temporary files of the binary log, too"])
@pytest.mark.parametrize("what", [rows, days])
def test_a_full_disk(make_site, make_store, folder, maria_template, binary_log, what):
    mountable()
    (folder / "server").mkdir()
    server = SmallMaria(folder / "server", maria_template, binary_log)
    try:
        entries, left = what()
        first = len(entries) // 20
        site = make_site(store=make_store("mysql", server))
        daemon = site.daemon()
        site.redis.push(entries[:first])
        site.settle(first, daemon)
        server.fill(left)
        site.redis.push(entries[first:])

        def is_full():
            assert daemon.running(), daemon.output()
            daemon.flush()
            site.redis.wake()
            return codes(daemon) or not server.process.running()
        rig.wait_for(is_full, daemon.output, step=0.1)
        server.free()
        rig.wait_for(server.is_back, daemon.output, step=0.1)
        site.settle(len(entries), daemon)
        assert {code for code in codes(daemon) if not 2000 <= code < 3000} <= FULL, daemon.output()
        daemon.stop()
        rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
        site.verify()
    finally:
        server.end()
