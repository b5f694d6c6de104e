"""Fixtures: one MariaDB for the session, a Redis and a folder for each test, everything ended with the test."""
import pathlib
import shutil
import tempfile

import pytest

import collecting
import reference
import rig


@pytest.fixture(scope="session")
def session_folder():
    # Not pytest's own: the path of a UNIX socket may have 107 bytes.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flowimport-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def maria_template(session_folder):
    return rig.MariaTemplate(session_folder)


@pytest.fixture(scope="session")
def maria(session_folder, maria_template):
    folder = session_folder / "mariadb"
    folder.mkdir()
    server = rig.MariaDB(folder, maria_template)
    yield server
    server.stop()


@pytest.fixture
def folder(session_folder):
    path = pathlib.Path(tempfile.mkdtemp(dir=session_folder))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_redis(folder):
    servers = []

    def make(**options):
        path = folder / ("redis%d" % len(servers))
        path.mkdir()
        servers.append(rig.Redis(path, **options))
        return servers[-1]
    yield make
    for server in servers:
        server.kill()


@pytest.fixture
def make_maria(folder, maria_template):
    """A MariaDB of the test's own, to be stopped and started at will."""
    servers = []

    def make(**options):
        path = folder / ("mariadb%d" % len(servers))
        path.mkdir()
        servers.append(rig.MariaDB(path, maria_template, **options))
        return servers[-1]
    yield make
    for server in servers:
        server.kill()


@pytest.fixture
def make_store(folder, request):
    """make_store("sqlite") or make_store("mysql", options="&bulk=no"): an empty store."""
    count = [0]
    used = []

    def make(kind, server=None, options=""):
        if kind == "sqlite":
            count[0] += 1
            path = folder / ("sqlite%d" % count[0])
            path.mkdir()
            return rig.SQLiteStore(path)
        if not server:  # the session's: its databases are dropped, so that they don't slow down the later tests
            server = request.getfixturevalue("maria")
            used.append((server, server.new_database()))
            return rig.MySQLStore(*used[-1], options)
        return rig.MySQLStore(server, server.new_database(), options)
    yield make
    for server, database in used:
        server.run("DROP DATABASE %s" % database)


@pytest.fixture
def make_site(folder, make_redis, make_store):
    """make_site("sqlite", import_={...}): a queue and a store of the test's own. `redis`, `store`: given ones."""
    sites = []

    def make(kind="sqlite", redis=None, store=None, **options):
        path = folder / ("site%d" % len(sites))
        path.mkdir()
        sites.append(rig.Site(path, redis or make_redis(), store or make_store(kind), **options))
        return sites[-1]
    yield make
    for site in sites:
        site.close()


@pytest.fixture
def collect(make_site):
    """collect("mysql", queue="direct", keys=..., OPTION=...): a collector; the options are those of [collector]."""
    def make(kind="sqlite", keys=reference.TUPLE_KEYS, sections=None, **options):
        redis = {"redis": rig.NoRedis()} if options.get("queue") == "direct" else {}
        return collecting.Collector(make_site(kind, keys=keys, **redis), sections=sections, **options)
    return make


@pytest.fixture(params=["sqlite", "mysql"])
def kind(request):
    return request.param
