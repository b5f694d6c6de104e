"""Packets into flows: this meter against libpcap's bare loop and against other probes, on one made-up capture.

    capture.py PACKETS ROUNDS

CPU seconds, of all processes that a probe starts. The peers are those of build/tools and of the path; what is not there is
left out (etc/install-deps.sh bench). They write where nobody reads.
"""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "integration"))
import packets  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", TOP / "build"))
SNAPLENS = (("headers", 96), ("whole frames", 65535))
# As each of them is told to make flows of the five-tuple out of a file, and to send or write them.
PEERS = {
    "softflowd": ("-d", "-r", "{file}", "-n", "127.0.0.1:9", "-v", "9", "-p", "{folder}/pid", "-c", "none", "-t",
                  "maxlife=600s", "-t", "general=300s", "-m", "1000000"),
    "nfpcapd": ("-r", "{file}", "-w", "{folder}/nfpcapd", "-e", "600,300"),
    "pmacctd": ("-I", "{file}", "-P", "print", "-c", "src_host,dst_host,src_port,dst_port,proto", "-o", "/dev/null"),
    "argus": ("-X", "-r", "{file}", "-w", "/dev/null"),
}


def capture(path, count, snaplen):
    with open(path, "wb", buffering=1 << 20) as out:
        writer = packets.Pcap(out, snaplen=snaplen)
        for time, _, _, frame in packets.mix(count):
            writer.write(time, frame)


def cpu_seconds(command, **options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                   **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peer_seconds(name, file, folder):
    path = shutil.which(name, path="%s:%s:/usr/sbin" % (TOP / "build" / "tools", os.environ.get("PATH", "")))
    if not path:
        return None
    scratch = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (scratch / "nfpcapd").mkdir()
    seconds = cpu_seconds([path] + [word.format(file=file, folder=scratch) for word in PEERS[name]], cwd=scratch,
                          timeout=600)
    shutil.rmtree(scratch)
    return seconds


def main(count, rounds):
    with tempfile.TemporaryDirectory(prefix="flowimport-") as folder:
        file = pathlib.Path(folder) / "capture"
        for what, snaplen in SNAPLENS:
            size = count if what == "headers" else count // 5
            capture(file, size, snaplen)
            print("--- %s of %d packets" % (what, size), flush=True)
            subprocess.run([BUILD / "tests/bench/bench_capture", file, str(rounds)], check=True)
            words = [BUILD / "flowimport", "-c", "/dev/null", "print", file]
            ours = statistics.median(cpu_seconds(words) for _ in range(rounds))
            print("%-34s %9.2f M packets per CPU-second" % ("flowimport print", size / ours / 1e6))
            for name in PEERS:
                seconds = peer_seconds(name, file, folder)
                print("%-34s %s" % (name, "not there" if not seconds else
                                    "%9.2f M packets per CPU-second, flowimport print is %.1f times as fast" %
                                    (size / seconds / 1e6, seconds / ours)), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))
