"""A primary that is killed and its replica that is promoted: importers go on, and what the servers lost is told."""
import pytest

import importers
import rig
from test_going_back import drained
from test_mysql import account

SEMI_SYNC = (["SET GLOBAL rpl_semi_sync_master_enabled = 1", "SET GLOBAL rpl_semi_sync_master_timeout = 60000",
              "SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC"],
             ["SET GLOBAL rpl_semi_sync_slave_enabled = 1"])


@pytest.fixture(name="pair")
def _pair(make_maria):
    if rig.IS_ORACLE:
        pytest.skip("MariaDB's words")

    def make(settings=((), ())):
        """(primary, replica)"""
        servers = [make_maria(tcp=True, options=["--server-id=%d" % number, "--log-bin=bin", "--log-slave-updates",
                                                 "--binlog-format=ROW", "--relay-log=relay"])
                   for number in (1, 2)]
        primary, replica = servers
        for server, statements in zip(servers, settings):
            server.run("SELECT 1", *statements)
        account(primary, "")
        primary.run("REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM 'importer'@'127.0.0.1'")
        replica.run("SET GLOBAL read_only = 1", "CHANGE MASTER TO master_host = '127.0.0.1', master_port = %d, "
                    "master_user = 'importer', master_use_gtid = slave_pos" % primary.port, "START SLAVE")
        rig.wait_for(lambda: state(replica)["Slave_IO_Running"] == "Yes", lambda: str(state(replica)), step=0.1)
        return servers
    return make


def state(replica):
    with replica.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW SLAVE STATUS")
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone()))


def work(make_site, servers, **sections):
    def url(database, _):
        return "mysql://importer@%s/%s" % (",".join("127.0.0.1:%d" % server.port for server in servers), database)
    return importers.Importers(make_site, servers, (), url, 1, **sections)


def applied(replica):
    """What the replica has got."""
    replica.run("STOP SLAVE IO_THREAD")
    rig.wait_for(lambda: "has read all relay log" in state(replica)["Slave_SQL_Running_State"],
                 lambda: "%s\n%s" % (state(replica), replica.run("SHOW FULL PROCESSLIST")), step=0.1)


def promoted(replica):
    applied(replica)
    replica.run("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0")


def gone_over(made, primary, replica):
    primary.kill()
    promoted(replica)
    made.site.store = rig.MySQLStore(replica, made.database)
    made.site.sections["store"]["url"] = made.site.store.url
    made.work(lambda: made.said("connected to 127.0.0.1:%d, of 2 servers" % replica.port))


def test_semi_synchronous(make_site, pair):
    """The replica has whatever was confirmed, so all is exact."""
    primary, replica = pair(SEMI_SYNC)
    made = work(make_site, (primary, replica))
    made.work(lambda: made.committed() > 0)
    assert primary.run("SHOW STATUS LIKE 'rpl_semi_sync_master_status'")[0][1] == "ON"
    gone_over(made, primary, replica)
    made.settle()
    made.exact([replica])


def test_asynchronous(make_site, pair):
    """What the replica never got is lost with the primary, and told."""
    primary, replica = pair()
    made = work(make_site, (primary, replica))
    made.work(lambda: made.committed() > 0)
    applied(replica)
    made.work(lambda: True)
    before = made.committed(replica)
    lost = made.committed() - before
    assert lost > 0
    gone_over(made, primary, replica)
    rig.wait_for(lambda: made.said("are missing (%d entries; the first is " % lost), made.output, step=0.1)
    drained(made.site, made.daemons)
    assert "%d are missing, 0 counted twice" % lost in made.site.run("verify", code=1)[0]
