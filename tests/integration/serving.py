"""`flowimport serve` on a site's store, and those who ask it."""
import contextlib
import http.client
import json
import re
import socket

import rig


class Server(rig.Process):
    def __init__(self, site, *words, **sections):
        super().__init__(site.command("--http-listen", "127.0.0.1:0", *words, "serve", **sections), site.folder,
                         "serve")
        site.processes.append(self)
        found = rig.wait_for(lambda: re.search(r"^http://127\.0\.0\.1:(\d+)/$", self.output(), re.M)
                             or not self.running(), lambda: "the address:\n" + self.output())
        assert self.running(), self.output()
        self.port = int(found.group(1))

    def ask(self, target, method="GET", headers=(), body=None):
        """(status, headers, body as bytes), on a connection of its own. The target goes out as it is."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=rig.BOUND)) as connection:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def json(self, target, status=200):
        got, headers, body = self.ask(target)
        assert (got, headers["Content-Type"]) == (status, "application/json"), (target, got, body[:500])
        return json.loads(body, parse_float=str)

    def raw(self, request, answers=0):
        """Sends the bytes; when so many heads of answers are there, says that no more will come. All that comes back
        until the server closes."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=rig.BOUND) as plug:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read to the end
                plug.sendall(request)
            while got.count(b"HTTP/") < answers:
                piece = plug.recv(65536)
                assert piece, (request[:200], got)
                got += piece
            with contextlib.suppress(OSError):  # it may have closed first
                plug.shutdown(socket.SHUT_WR)
                for piece in iter(lambda: plug.recv(65536), b""):
                    got += piece
        return got

    def stop(self):
        """SIGTERM; the exit code must be 0."""
        self.signal(rig.signal.SIGTERM)
        code = self.wait()
        assert code == 0, "serve: exit code %d after SIGTERM\n%s" % (code, self.output()[-4000:])
