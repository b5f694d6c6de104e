"""The source archive of a release: the same bytes each time, and programs with the page where there is no npm."""
import os
import subprocess
import tarfile

import pytest

import rig
import serving

pytestmark = pytest.mark.skipif(not (rig.TOP / ".git").exists(), reason="no git repository, whose files a release packs")


def run(*words, cwd=rig.TOP, **env):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run([str(word) for word in words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=10 * rig.BOUND, env=dict(clean, **env))
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "%s: exit code %d\n%s" % (" ".join(map(str, words)), done.returncode, text[-5000:])
    return text


def dist(folder):
    """The archive, made in a build folder of its own."""
    run("make", "dist", "BUILD=%s" % folder, "VERSION=9.8.7")
    return folder / "dist/flowimport-9.8.7.tar.gz"


def without_npm(folder):
    """A PATH whose npm leaves a trace and fails."""
    (folder / "bin").mkdir()
    npm = folder / "bin/npm"
    npm.write_text("#!/bin/sh\ntouch '%s/called'\nexit 1\n" % folder)
    npm.chmod(0o755)
    return "%s:%s" % (npm.parent, os.environ["PATH"])


def test_archive(folder, make_site, monkeypatch):
    archive = dist(folder / "first")
    assert dist(folder / "second").read_bytes() == archive.read_bytes()
    with tarfile.open(archive) as packed:
        assert {(one.uid, one.gid, one.uname) for one in packed} == {(0, 0, "")}
        packed.extractall(folder)
    tree = folder / "flowimport-9.8.7"
    run("make", "-j2", "CFLAGS=-O0", "HARDENING=", cwd=tree, PATH=without_npm(folder))
    assert not (folder / "called").exists()
    assert run(tree / "build/flowimport", "--version") == "flowimport 9.8.7\n"
    monkeypatch.setattr(rig, "BUILD", tree / "build")
    site = make_site("sqlite")
    site.run("--once", "-", stdin=b"")
    web = serving.Server(site)
    status, headers, body = web.ask("/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"app.js" in body and web.ask("/app.js")[0] == 200


def test_versions(folder):
    """A tag's, so many commits after a tag, a source archive's, and the one of none of them."""
    tree = folder / "tree"
    (tree / "etc").mkdir(parents=True)
    script = tree / "etc/version.sh"
    script.write_bytes((rig.TOP / "etc/version.sh").read_bytes())
    script.chmod(0o755)

    def git(*words):
        return run("git", "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false", "-c",
                   "tag.gpgsign=false", *words, cwd=tree, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")

    default = run(script)
    (tree / "VERSION").write_text("0.1.9\n")
    assert run(script) == "0.1.9\n"
    git("init", "-q")
    assert run(script) == "0.1.9\n"  # no commit yet
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("tag", "other")
    assert run(script) == "0.1.9\n"
    git("tag", "-a", "-m", "a release", "v0.2.0")
    assert run(script) == "0.2.0\n"
    for _ in range(2):
        git("commit", "-q", "--allow-empty", "-m", "more")
    assert run(script) == "0.2.0+2.g%s\n" % git("rev-parse", "--short", "HEAD").strip()
    (tree / "VERSION").unlink()
    (tree / ".git").rename(folder / "aside")
    assert run(script) == default == "0.1.0\n"
