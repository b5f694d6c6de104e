"""Settings of Redis that can lose entries are named, with what fixes them; who may not ask is told nothing wrong."""
import re

import pytest

import rig
from test_commands import document

LISTEN = {"listen": "127.0.0.1:0"}


def warnings(daemon):
    return re.findall(r"warning: queue: (.*)\. Fix: (.*)", daemon.output())


def connected(site, daemon):
    rig.wait_for(lambda: site.redis.client().exists("{%s}:consumer:one" % rig.QUEUE), daemon.output)


def findings(site):
    return [problem["name"] for problem in document(site, "status")[0]["queue"]["redis_problems"]]


# (options of the server, what is found)
CASES = {
    "safe": (["--appendonly", "yes", "--appendfsync", "always"], []),
    "the rig's": ([], ["keeps-nothing"]),
    "snapshots": (["--save", "3600 1"], ["keeps-snapshots"]),
    "late": (["--appendonly", "yes", "--appendfsync", "no"], ["syncs-late"]),
    "evicts": (["--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], ["evicts-entries"]),
    "evicts life": (["--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"],
                    ["evicts-signs-of-life"]),
    "no limit": (["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"], []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_found(make_site, make_redis, case):
    options, found = CASES[case]
    site = make_site("sqlite", redis=make_redis(options=options))
    daemon = site.daemon()
    connected(site, daemon)
    rig.wait_for(lambda: len(warnings(daemon)) == len(found), daemon.output)
    site.run("schema", "install")
    assert findings(site) == found
    out, _ = site.run("status")
    said = re.findall(r"^(.*)\. Fix: (.*)$", out, re.M)
    assert [(meaning.split(": ", 1)[1], fix) for meaning, fix in warnings(daemon)] == said
    daemon.stop()


def test_what_it_says_fixes_it(make_site, make_redis):
    site = make_site("sqlite", redis=make_redis(options=["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]))
    site.run("schema", "install")
    client = site.redis.client()
    assert findings(site) == ["evicts-entries", "keeps-nothing"]
    for problem in document(site, "status")[0]["queue"]["redis_problems"]:
        words = problem["fix"].split()
        assert words[0] == "redis-cli"
        client.execute_command(*words[1:])
    assert findings(site) == []


def test_once_for_a_connection_and_not_again_for_the_next(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    rig.wait_for(lambda: len(warnings(daemon)) == 1, daemon.output)
    for _ in range(2):
        site.redis.kill()
        site.redis.start()
        connected(site, daemon)
    site.redis.client().config_set("maxmemory-policy", "allkeys-lru")
    site.redis.client().config_set("maxmemory", 100000000)
    for other in site.redis.client().client_list():
        if "b" in other["flags"]:
            site.redis.client().client_kill_filter(_id=other["id"])
    rig.wait_for(lambda: len(warnings(daemon)) == 2, daemon.output)
    assert [fix for _, fix in warnings(daemon)] == ["redis-cli CONFIG SET appendonly yes",
                                                    "redis-cli CONFIG SET maxmemory-policy noeviction"]
    daemon.stop()


@pytest.mark.parametrize("rules, found", [("-config", ["keeps-snapshots"]), ("-config -info", [])])
def test_an_account_that_may_not_ask(make_site, rules, found):
    """INFO alone knows of the append-only file, and not of snapshots."""
    site = make_site("sqlite")
    client = site.redis.client()
    client.execute_command("ACL", "SETUSER", "importer", "on", ">secret", "~*", "+@all", *rules.split())
    site.sections["queue"]["url"] = "redis+unix://importer:secret@%s" % site.redis.socket
    daemon = site.daemon()
    connected(site, daemon)
    site.redis.push([b"bad"])
    site.settle(1, daemon)
    assert findings(site) == found and len(warnings(daemon)) == len(found)
    daemon.stop()
