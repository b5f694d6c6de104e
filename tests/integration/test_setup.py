"""Tables made by programs that are started at once, and by the next one where one of them is killed."""
import contextlib
import signal
import subprocess
import time

import generator
import reference
import rig


def test_importers_started_at_once(make_site, kind):
    """In an empty database; with other programs that make the same tables."""
    site = make_site(kind)
    entries = list(generator.flows(600, seed=171, hosts=20))
    site.redis.push(entries)
    hands = [subprocess.Popen(site.command("schema", "install"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
             for _ in range(3)]
    daemons = [site.daemon(name="flowimportd%d" % i, ready=False, queue_={"consumer": "c%d" % i}) for i in range(3)]
    for daemon in daemons:
        rig.wait_for(lambda daemon=daemon: daemon.handles(signal.SIGUSR1), daemon.output)
    site.settle(len(entries), daemons)
    for hand in hands:
        out, _ = hand.communicate(timeout=rig.BOUND)
        assert hand.returncode == 0, out.decode()
    for daemon in daemons:
        daemon.stop()
        assert "trying again" not in daemon.output()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_a_stop_does_not_wait_for_another_that_makes_the_tables(make_site, make_store):
    site = make_site(store=make_store("mysql"))
    server, database = site.store.server, site.store.database
    with contextlib.closing(server.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('flowimport.setup.%s', 0)" % database)
        daemon = site.daemon(ready=False)
        rig.wait_for(lambda: server.run("SELECT 1 FROM information_schema.processlist WHERE state = 'User lock'"),
                     "the daemon to wait", step=0.05)
        began = time.monotonic()
        daemon.stop()
        assert time.monotonic() - began < 10  # of the minute that it would wait
    site.run("schema", "install")


def test_a_program_waits_for_another_that_makes_the_tables(make_site, make_store):
    site = make_site(store=make_store("mysql"))
    server, database = site.store.server, site.store.database
    with contextlib.closing(server.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('flowimport.setup.%s', 0)" % database)
        waiting = subprocess.Popen(site.command("schema", "install"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        rig.wait_for(lambda: server.run("SELECT 1 FROM information_schema.processlist WHERE state = 'User lock'"),
                     "the other to wait", step=0.05)
        assert not server.run("SELECT 1 FROM information_schema.tables WHERE table_schema = '%s'" % database)
    out, _ = waiting.communicate(timeout=rig.BOUND)  # the connection has ended, as with a program that is killed
    assert waiting.returncode == 0, out.decode()
    site.run("schema", "check")
