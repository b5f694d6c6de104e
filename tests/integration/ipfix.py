"""Messages of IPFIX (RFC 7011, RFC 5103) and NetFlow v9 (RFC 3954), read by the letter of the standards.

Whatever they forbid, or leave to chance, is an AssertionError.
"""
import ipaddress
import struct

IPV4 = {8, 12}
REVERSE = 29305
ADDRESSES = {8: "source", 27: "source", 12: "destination", 28: "destination"}
NAMES = {7: "source_port", 11: "destination_port", 4: "protocol", 2: "packets", 1: "octets", 6: "tcp_flags",
         136: "end", 152: "start", 153: "stop", 22: "start", 21: "stop", 305: "interval", 306: "space", 304: "algorithm",
         34: "interval", 35: "algorithm"}


class Session:
    """One transport session: the templates that it knows, the records that it read."""

    def __init__(self, version, domain=0):
        self.version, self.domain = version, domain
        self.sequence = self.messages = self.template_sets = 0
        self.templates = {}  # id -> (fields, how many of them are the scope)
        self.records, self.options = [], []
        self.export_time = None

    def feed(self, message):
        version, = struct.unpack_from("!H", message)
        assert version == self.version
        if version == 10:
            _, length, self.export_time, sequence, domain = struct.unpack_from("!HHIII", message)
            assert length == len(message)
            at = 16
        else:
            _, count, uptime, self.export_time, sequence, domain = struct.unpack_from("!HHIIII", message)
            self.boot_ms = self.export_time * 1000 - uptime
            at = 20
        assert domain == self.domain
        assert sequence == self.sequence, "%d, not %d" % (sequence, self.sequence)
        before = self._count()
        templates = 0
        while at < len(message):
            set_id, length = struct.unpack_from("!HH", message, at)
            assert length > 4 and at + length <= len(message)
            templates += self._set(set_id, message[at + 4:at + length])
            at += length
        assert at == len(message)
        self.messages += 1
        if version == 10:
            self.sequence += self._count() - before
        else:
            self.sequence += 1
            assert count == templates + self._count() - before

    def _count(self):
        return len(self.records) + len(self.options)

    def _set(self, set_id, body):
        """How many templates were in it."""
        if set_id in ((2, 3) if self.version == 10 else (0, 1)):
            self.template_sets += 1
            return self._templates(body, set_id % 2 == 1)
        assert set_id in self.templates, "no template for set %d" % set_id
        fields, scope = self.templates[set_id]
        size = sum(length for _, _, length in fields)
        records, rest = divmod(len(body), size)
        assert records > 0 and rest < 4 and body[len(body) - rest:] == b"\0" * rest
        for i in range(records):
            record = self._record(fields, scope, body[i * size:(i + 1) * size])
            (self.options if scope else self.records).append(record)
        return 0

    def _templates(self, body, options):
        count = at = 0
        while len(body) - at >= 4:
            number, = struct.unpack_from("!H", body, at)
            assert number >= 256
            scope = 0
            if not options:
                n, = struct.unpack_from("!H", body, at + 2)
                at += 4
            elif self.version == 10:
                n, scope = struct.unpack_from("!HH", body, at + 2)
                at += 6
            else:
                scope, n = (size // 4 for size in struct.unpack_from("!HH", body, at + 2))
                n += scope
                at += 6
            fields = []
            for _ in range(n):
                element, length = struct.unpack_from("!HH", body, at)
                at += 4
                enterprise = 0
                if element & 0x8000:
                    assert self.version == 10
                    enterprise, = struct.unpack_from("!I", body, at)
                    at += 4
                assert 0 < length < 65535
                fields.append((enterprise, element & 0x7fff, length))
            assert fields and len({field[:2] for field in fields}) == n
            # Sent again it is the same.
            assert self.templates.setdefault(number, (fields, scope)) == (fields, scope)
            count += 1
        assert body[at:] == b"\0" * (len(body) - at)
        return count

    def _record(self, fields, scope, data):
        record, at = {}, 0
        for i, (enterprise, element, length) in enumerate(fields):
            value = data[at:at + length]
            at += length
            if i < scope:
                record["scope %d" % element] = int.from_bytes(value, "big")
                continue
            if element in ADDRESSES:
                assert length == (4 if element in IPV4 else 16)
                record[ADDRESSES[element]] = str(ipaddress.ip_address(value))
                continue
            number = int.from_bytes(value, "big")
            if self.version == 9 and element in (21, 22):
                number += self.boot_ms
            assert enterprise in (0, REVERSE)
            record[("reverse_" if enterprise else "") + NAMES.get(element, str(element))] = number
        return record


def stream_messages(data):
    """The messages of a TCP stream."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 2:at + 4], "big")
        assert length >= 16 and at + length <= len(data)
        yield data[at:at + length]
        at += length
