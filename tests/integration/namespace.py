"""Network namespaces: hosts with interfaces of their own, of which nothing outside is touched."""
import json
import os
import shutil
import subprocess

import rig


def missing(*tools):
    """Why there can be none here, or None."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    for tool in ("ip", "unshare", "nsenter") + tools:
        if not shutil.which(tool, path="/bin:/sbin:/usr/bin:/usr/sbin"):
            return "there is no %s here" % tool
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return "no network namespaces may be made here"
    return None


class Namespace:
    """One that lives as long as its process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"],
                                       preexec_fn=lambda parent=os.getpid(): rig.die_with(parent))
        own = os.readlink("/proc/self/ns/net")
        rig.wait_for(lambda: os.readlink("/proc/%d/ns/net" % self.holder.pid) != own, "the namespace")
        self.run("ip", "link", "set", "dev", "lo", "up")

    def words(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-n"] + [str(word) for word in words]

    def run(self, *words, code=0, bound=rig.BOUND):
        done = subprocess.run(self.words(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=bound,
                              check=False)
        assert code is None or done.returncode == code, "%s: %s" % (" ".join(map(str, words)), done.stdout.decode())
        return done.stdout.decode()

    def start(self, *words):
        return subprocess.Popen(self.words(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def counters(self, interface):
        """(packets, bytes) of both directions, as the kernel has counted them."""
        found = json.loads(self.run("ip", "-s", "-j", "link", "show", "dev", interface))[0]["stats64"]
        return tuple(found["rx"][name] + found["tx"][name] for name in ("packets", "bytes"))

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Network:
    """Hosts on two switches, `clients` and `peers`: host n (from 1) is 10.77.0.n and 10.78.0.n there. The switches are in
    a namespace of their own, `hub`, which is 10.77.0.254."""

    def __init__(self, n):
        self.hub = Namespace()
        self.hosts = []
        for switch, net in (("clients", 77), ("peers", 78)):
            self.hub.run("ip", "link", "add", switch, "type", "bridge")
            self.hub.run("ip", "addr", "add", "10.%d.0.254/24" % net, "dev", switch)
            self.hub.run("ip", "link", "set", "dev", switch, "up")
        for i in range(1, n + 1):
            host = Namespace()
            self.hosts.append(host)
            for switch, net in (("clients", 77), ("peers", 78)):
                port = "%s%d" % (switch, i)
                self.hub.run("ip", "link", "add", port, "type", "veth", "peer", "name", switch, "netns",
                             host.holder.pid)
                self.hub.run("ip", "link", "set", "dev", port, "master", switch, "up")
                host.run("ip", "addr", "add", "10.%d.0.%d/24" % (net, i), "dev", switch)
                host.run("ip", "link", "set", "dev", switch, "up")

    def plug(self, i, switch, state):
        """Host i's cable: "up" or "down". Nobody is told."""
        self.hub.run("ip", "link", "set", "dev", "%s%d" % (switch, i), state)

    def close(self):
        for host in self.hosts + [self.hub]:
            host.close()
