"""A UNIX socket in front of a server's: the network between a program and the server, to be cut in several ways."""
import contextlib
import os
import select
import socket
import threading

OPEN, SHUT, HOLE, DEAF = "open", "shut", "hole", "deaf"
PIECE = 1 << 16
PENDING = 1 << 18  # bytes that wait for one side, before the other is read no further


class Link:
    """One connection of the program, and the one that stands for it at the server."""

    def __init__(self, client, server):
        self.ends = {client: server, server: client}
        self.server = server
        self.waiting = {client: bytearray(), server: bytearray()}  # what is to be written to each

    def readable(self):
        return [end for end, other in self.ends.items() if len(self.waiting[other]) < PENDING]

    def writable(self):
        return [end for end in self.ends if self.waiting[end]]

    def close(self):
        for end in self.ends:
            end.close()


class Proxy(threading.Thread):
    """OPEN passes on; SHUT closes all connections and each that comes; HOLE passes nothing on and closes nothing, and
    what was sent meanwhile arrives afterwards; DEAF brings what the program says to the server, and loses the answers
    (its connections are closed when it ends)."""

    def __init__(self, path, target):
        super().__init__(daemon=True)
        self.target, self.mode, self.over = str(target), OPEN, False
        self.links = []
        self.lock = threading.Lock()
        self.wake, self.awake = os.pipe()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self.start()

    def set(self, mode):
        with self.lock:
            if mode == SHUT or self.mode == DEAF:
                self._close_all()
            self.mode = mode
        os.write(self.awake, b".")

    def end(self):
        self.over = True
        self.set(SHUT)
        self.join()
        self.listener.close()
        os.close(self.wake)
        os.close(self.awake)

    def _close_all(self):
        for link in self.links:
            link.close()
        self.links = []

    def run(self):
        while not self.over:
            with self.lock:
                links = [] if self.mode == HOLE else list(self.links)
            reads = [self.wake, self.listener] + [end for link in links for end in link.readable()]
            writes = [end for link in links for end in link.writable()]
            try:
                reads, writes, _ = select.select(reads, writes, [], 0.5)
            except (OSError, ValueError):  # closed by set()
                continue
            if self.wake in reads:
                os.read(self.wake, 100)
            with self.lock:
                if self.listener in reads:
                    self._accept()
                if self.mode in (OPEN, DEAF):
                    for link in [link for link in links if link in self.links]:
                        self._move(link, reads, writes)

    def _accept(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            if self.mode == SHUT:
                raise OSError
            server.connect(self.target)
        except OSError:
            client.close()
            server.close()
            return
        client.setblocking(False)
        server.setblocking(False)
        self.links.append(Link(client, server))

    def _move(self, link, reads, writes):
        try:
            for end, other in link.ends.items():
                if end in reads:
                    data = end.recv(PIECE)
                    if not data:
                        raise OSError
                    if self.mode == OPEN or end is not link.server:
                        link.waiting[other] += data
                if end in writes:
                    with contextlib.suppress(BlockingIOError):
                        del link.waiting[end][:end.send(link.waiting[end])]
        except BlockingIOError:
            pass
        except OSError:
            link.close()
            self.links.remove(link)
