"""The Debian package: built, checked, installed in a clean root, run as its unit says, upgraded, removed, purged."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
import redis

import generator
import reference
import rig

CONF = "etc/flowimport/flowimport.conf"
UNIT = "lib/systemd/system/flowimportd.service"  # through a link, if the package has it in usr/lib
# A name space of its own for mounts and the network, with a loopback; what happens there stays there.
HOLD = """
import fcntl, socket, struct, subprocess, sys, time
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
subprocess.run(["mount", "-t", "proc", "proc", sys.argv[1] + "/proc"], check=True)
print("up", flush=True)
time.sleep(3600)
"""


def run(*words, code=0, **options):
    """Its output; the exit code must be `code`."""
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == code, "%s: exit code %d\n%s" % (" ".join(map(str, words)), done.returncode, text[-5000:])
    return text


def build(folder, version, change=None, options=""):
    """The package of a copy of the sources, which `change` may change first. The path of the .deb."""
    tree = folder / ("tree-" + version)
    tree.mkdir()
    for name in ("Makefile", "README.md", "LICENSE", "src", "include", "sql", "etc"):
        source = rig.TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tree / name)
    if change:
        change(tree)
    run(tree / "etc/deb.sh", version, folder / version, env=dict(os.environ, DEB_BUILD_OPTIONS=options))
    return next((folder / version).glob("flowimport_%s_*.deb" % version))


def mirrors():
    """[(URI, suite, component)] of the machine's own Debian sources, the first that of the release itself."""
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages",
                 "Origin: Debian")
    found = [tuple(line.split()) for line in listed.splitlines()]
    release = next(line.split("=")[1] for line in pathlib.Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("VERSION_CODENAME="))
    return sorted((source for source in found if source[1].startswith(release)), key=lambda source: source[1])


class Root:
    """A minimal Debian in a folder."""

    def __init__(self, path):
        self.path, self.holder = path, None
        sources = mirrors()
        if not sources:
            pytest.skip("apt knows no Debian mirror here")
        uri, suite, _ = sources[0]
        run("debootstrap", "--variant=minbase", suite, path, uri)
        (path / "etc/apt/sources.list").write_text("".join("deb %s %s %s\n" % source for source in sources))
        (path / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # nothing is started
        (path / "usr/sbin/policy-rc.d").chmod(0o755)
        self.holder = subprocess.Popen(["unshare", "--mount", "--net", sys.executable, "-c", HOLD, path],
                                       stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n"

    def words(self, *words, user=None, net=False):
        """A command in the root, by the user; `net`: in its own network."""
        return ["nsenter", "--target", self.holder.pid, "--mount", "--root"] + ["--net"] * net + ["chroot"] + (
            ["--userspec=%s:" % user] if user else []) + [self.path, *words]

    def run(self, *words, user=None, net=False, code=0):
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C",
                   PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        return run(*self.words(*words, user=user, net=net), code=code, env=env)

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-unsafe-io", "-o",
                        "Dpkg::Options::=--force-confold", "--no-install-recommends", *words)

    def install(self, package, *others):
        shutil.copy(package, self.path / "tmp")
        self.apt("install", "/tmp/" + package.name, *others)
        (self.path / "tmp" / package.name).unlink()

    def owner(self, path):
        """"root:flowimport 640", by the root's own names."""
        return self.run("stat", "-c", "%U:%G %a", "/" + path).strip()

    def ours(self):
        """Every path with our name."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*flowimport*")
                      if "proc" != path.relative_to(self.path).parts[0])

    def close(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()


class Service(rig.Process):
    """The unit's ExecStart, by its User."""

    def __init__(self, root, folder):
        unit = (root.path / UNIT).read_text()
        command, = re.findall("^ExecStart=(.*)$", unit, re.M)
        user, = re.findall("^User=(.*)$", unit, re.M)
        super().__init__(root.words(*command.split(), user=user, net=True), folder, "service")
        rig.wait_for(lambda: self.handles(signal.SIGUSR1) or not self.running(), self.output)


@pytest.fixture
def root(folder):
    if os.geteuid() != 0:
        pytest.skip("only root makes a root")
    for tool in ("debootstrap", "dpkg-buildpackage", "dh", "lintian", "unshare", "nsenter", "apt-get"):
        if not shutil.which(tool):
            pytest.skip("there is no " + tool)
    if subprocess.run(["unshare", "--mount", "--net", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("no name spaces for mounts and the network may be made here")
    made = Root(folder / "root")
    yield made
    made.close()


def committed(root, service, client, entries):
    def done():
        assert service.running(), service.output()
        service.signal(signal.SIGUSR1)
        for other in client.client_list():  # who waits for an entry answers a signal within a second, or when woken
            if "b" in other["flags"]:
                client.client_unblock(int(other["id"]))
        # Not before the daemon has made all three: who reads would make them, as root.
        return {"flows.db", "flows.db-shm", "flows.db-wal"} <= set(os.listdir(root.path / "var/lib/flowimport")) and \
            rig.read_ledger(store_of(root)) and rig.ledger_sums(store_of(root))["entries"] == entries
    rig.wait_for(done, service.output, step=0.05)


def store_of(root):
    return rig.SQLiteStore(root.path / "var/lib/flowimport")


def check_installed(root):
    assert root.owner(CONF) == "root:flowimport 640"
    assert root.owner("var/lib/flowimport") == "flowimport:flowimport 750"
    for path in ("usr/sbin/flowimportd", "usr/bin/flowimport"):
        assert root.owner(path) == "root:root 755", path
    assert root.run("getent", "passwd", "flowimport").split(":")[5:] == ["/var/lib/flowimport", "/usr/sbin/nologin\n"]
    wants = root.path / "etc/systemd/system/multi-user.target.wants/flowimportd.service"
    unit, = (path for path in root.run("dpkg", "-L", "flowimport").split() if path.endswith("/flowimportd.service"))
    assert wants.is_symlink() and os.readlink(wants) == unit and unit.endswith("/" + UNIT)
    for path in (UNIT, "usr/share/flowimport/sql/schema.sql", "usr/share/flowimport/flowimport.json",
                 "usr/share/flowimport/flowimport-alerts.yml",
                 "usr/share/bash-completion/completions/flowimport", "usr/share/zsh/vendor-completions/_flowimport",
                 "usr/share/fish/vendor_completions.d/flowimport.fish",
                 "usr/share/doc/flowimport/README.md.gz", "usr/share/doc/flowimport/copyright",
                 "usr/share/doc/flowimport/changelog.gz", "usr/share/man/man1/flowimport.1.gz",
                 "usr/share/man/man5/flowimport.conf.5.gz", "usr/share/man/man8/flowimportd.8.gz"):
        assert root.owner(path) == "root:root 644", path
    assert root.run("flowimportd", "--check-config", user="flowimport") == "configuration ok: /%s\n" % CONF
    # Only members of the group can read it.
    assert "Permission denied" in root.run("flowimportd", "--check-config", user="nobody", code=2)


def test_from_the_build_to_the_purge(root, folder):
    version = run(rig.BUILD / "flowimportd", "--version").split()[1]
    first = build(folder, version)
    run("lintian", "--fail-on", "error,warning", "--pedantic", "--allow-root", *first.parent.glob("*.changes"))

    def new_default(tree):
        with open(tree / "etc/flowimport.conf", "a", encoding="utf-8") as file:
            file.write("# A line that the new version's file has.\n")
    second = build(folder, version + "+1", new_default, "noopt nocheck")  # in half the time

    root.apt("update")
    root.install(first, "redis-server")
    check_installed(root)

    entries = list(generator.flows(1500, seed=101)) + [raw for _, raw in generator.bad(20)]
    server = rig.Process(root.words("redis-server", "--unixsocket", "/tmp/redis.sock", "--save", "", "--dir", "/tmp",
                                    net=True), folder, "redis")
    service = None
    try:
        client = redis.Redis(unix_socket_path=str(root.path / "tmp/redis.sock"))
        rig.wait_for(lambda: (root.path / "tmp/redis.sock").exists() or not server.running(), server.output)
        rig.wait_for(client.ping, server.output)
        client.rpush(rig.QUEUE, *entries[:1000])
        service = Service(root, folder)
        committed(root, service, client, 1000)
        assert root.owner("var/lib/flowimport/flows.db") == "flowimport:flowimport 640"

        conf = root.path / CONF
        conf.write_text(conf.read_text().replace("#flush_interval = 300s", "flush_interval = 1s"))
        mine = conf.read_text()
        # The old daemon goes on until the new one is started.
        root.install(second)
        assert conf.read_text() == mine and "flush_interval = 1s" in mine
        assert "A line that the new version" in (root.path / (CONF + ".dpkg-dist")).read_text()
        (root.path / (CONF + ".dpkg-dist")).unlink()
        check_installed(root)
        client.rpush(rig.QUEUE, *entries[1000:])
        service.signal(signal.SIGTERM)
        assert service.wait() == 0, service.output()
        service = Service(root, folder)
        assert "version %s+1, " % version in service.output()
        # By itself: the administrator's flush_interval counts.
        rig.wait_for(lambda: rig.ledger_sums(store_of(root))["entries"] == len(entries), service.output)
        rig.assert_tables(rig.Dump().tables(store_of(root)), reference.Import().add_all(entries).tables())
        assert "all tables agree" in root.run("flowimport", "verify", user="flowimport", net=True)
        service.signal(signal.SIGTERM)
        assert service.wait() == 0, service.output()
    finally:
        for process in (service, server):
            if process:
                process.kill()

    root.apt("remove", "flowimport")
    assert not (root.path / "usr/sbin/flowimportd").exists()
    assert conf.read_text() == mine and store_of(root).path.exists()
    root.apt("purge", "flowimport")
    # The account stays, as accounts do; and its name in what dpkg and apt keep of themselves.
    assert root.ours() == []
