"""flow-inspector's API once more, slow and obvious: its answers out of flows that reference.py has folded.

What its parameters mean, without what it got wrong; test_api_original.py says what that was.
"""
import decimal
import socket
import urllib.parse

import reference
from reference import CLASSES, FLOW_UNIT, TUPLE_KEYS, TUPLE_SUMS, proto_class

VALUES = TUPLE_SUMS + ("flows",)
NOTHING = (0,) * 3


def flows_text(millionths):
    """As JSON has it: an int, or the text of a number with a fraction."""
    if millionths % FLOW_UNIT == 0:
        return millionths // FLOW_UNIT
    return str((decimal.Decimal(millionths) / FLOW_UNIT).normalize())


def address(family, number):
    return number if family == 4 else reference.address_text(6, number)


def read_address(text):
    """(family, number)"""
    if ":" in text:
        return 6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    return 4, int(text)


class Row:
    """Sums by group: "" is all; the classes; "src" and "dst"."""

    def __init__(self):
        self.groups = {name: [0, 0, 0] for name in ("",) + CLASSES + ("src", "dst")}

    def add(self, values, which, side=None):
        for name in ("", which) + ((side,) if side else ()):
            for i, value in enumerate(values):
                self.groups[name][i] += value

    def shown(self, groups):
        out = {}
        for name in groups:
            values = dict(zip(VALUES, self.groups[name]))
            values["flows"] = flows_text(values["flows"])
            out.update({name: values} if name else values)
        return out

    def value(self, name):
        group, _, value = name.rpartition("_")
        return self.groups[group][VALUES.index(value)]


class Answers:
    """Of one bucket size."""

    def __init__(self, imported, size=600):
        self.imported, self.size = imported, size

    def ask(self, target):
        path, _, query = target.partition("?")
        params = {name: values[-1] for name, values in urllib.parse.parse_qs(query, keep_blank_values=True).items()}
        words = path.strip("/").split("/")[1:]
        if words == ["bucket", "query"]:
            buckets = [key[0] for key in self.imported.folded[min(self.imported.sizes)]]
            return {"bucket_size": self.size, "global_min_bucket": min(buckets, default=None),
                    "global_max_bucket": max(buckets, default=None), "results": self.rows(params)}
        name, is_dynamic = words[-1], words[0] == "dynamic"
        if "aggregate" in params and is_dynamic:
            return {"totalCounter": {}, "results": self.rows(params)}
        return self.index(name, params, is_dynamic)

    def folded(self, params, size):
        first, last = int(params.get("start_bucket", 0)), int(params.get("end_bucket", 2**63))
        for (bucket, family, key), values in self.imported.folded[size].items():
            if first <= bucket <= last or size == 0:
                yield bucket, family, key, values

    @staticmethod
    def passes(params, family, key):
        def listed(name, read):
            return [read(word.strip()) for word in params[name].split(",")]
        for which, wanted in (("include", True), ("exclude", False)):
            if which + "_ports" in params:
                if bool(set(key[2:4]) & set(listed(which + "_ports", int))) != wanted:
                    return False
            if which + "_ips" in params:
                if bool({(family, key[0]), (family, key[1])} & set(listed(which + "_ips", read_address))) != wanted:
                    return False
            if which + "_protos" in params:
                if (CLASSES[proto_class(key[4])] in listed(which + "_protos", str)) != wanted:
                    return False
        return True

    @staticmethod
    def blacken(params, family, key):
        if "black_others" not in params:
            return key
        ips = [read_address(word) for word in params["include_ips"].split(",")] if "include_ips" in params else None
        ports = [int(word) for word in params["include_ports"].split(",")] if "include_ports" in params else None
        return tuple(value if ips is None or (family, value) in ips else 0 for value in key[:2]) + tuple(
            value if ports is None or value in ports else 0 for value in key[2:4]) + key[4:]

    def rows(self, params):
        names = params.get("aggregate", "bucket," + ",".join(TUPLE_KEYS)).split(",")
        is_aggregated = "aggregate" in params
        fields = params["fields"].split(",") if "fields" in params else None
        if not is_aggregated and fields is None and not any(name[:7] in ("include", "exclude") for name in params):
            names = ["bucket"]
        out, largest = {}, {}
        for bucket, family, key, values in self.folded(params, self.size):
            if not self.passes(params, family, key):
                continue
            key = self.blacken(params, family, key)
            if "biflow" in params and key[0] > key[1] and set(TUPLE_KEYS[:2]) <= set(names):
                key = (key[1], key[0], key[3], key[2], key[4])
            whole = dict(zip(TUPLE_KEYS, ((family, key[0]), (family, key[1])) + key[2:]), bucket=bucket)
            for ends in {"ipaddress": TUPLE_KEYS[:2], "port": TUPLE_KEYS[2:4]}.get(names[0], (None,)):
                group = (whole[ends],) if ends else tuple(whole[name] for name in names)
                out.setdefault(group, Row()).add(values, CLASSES[proto_class(key[4])])
                for name in fields or ():
                    if name in whole:
                        largest[group, name] = max(whole[name], largest.get((group, name), whole[name]))
        names = ["id"] if names[0] in ("ipaddress", "port") else names
        order = self.ordered(out, names, params)
        if is_aggregated or fields is None:
            return [dict(self.keys_shown(names, group, largest, fields), **out[group].shown(("",) + CLASSES))
                    for group in order]
        return [self.picked(dict(self.keys_shown(names, group, {}, ()), **out[group].shown(("",) + CLASSES)),
                            ["bucket"] + fields) for group in order]

    @staticmethod
    def picked(row, fields):
        return {name: row[name] for name in fields}

    @staticmethod
    def keys_shown(names, group, largest, fields):
        shown = dict(zip(names, group))
        for name in fields or ():
            if (group, name) in largest:
                shown.setdefault(name, largest[group, name])
        return {name: address(*value) if isinstance(value, tuple) else value for name, value in shown.items()}

    @staticmethod
    def ordered(rows, names, params):
        order = sorted(rows)
        for word in reversed(params["sort"].split(",") if "sort" in params else []):
            name, _, direction = word.strip().partition(" ")
            order.sort(key=(lambda group, name=name: group[names.index(name)]) if name in names else
                       (lambda group, name=name: rows[group].value(name)), reverse=direction.lower() == "desc")
        limit = int(params.get("limit", 0))
        return order[:limit] if limit > 0 else order

    def index(self, name, params, is_dynamic):
        groups = ("",) + CLASSES + (() if is_dynamic or "aggregate" in params else ("src", "dst"))
        rows, total = {}, Row()
        for _, family, key, values in self.folded(params, self.size if is_dynamic else 0):
            which = CLASSES[proto_class(key[4])]
            ends = ((family, key[0]), (family, key[1])) if name == "nodes" else key[2:4]
            for side, end in zip(("src", "dst"), ends):
                rows.setdefault((end,), Row()).add(values, which, side)
            total.add(values, which)
        results = [dict(self.keys_shown(["id"], group, {}, ()), **rows[group].shown(groups))
                   for group in self.ordered(rows, ["id"], params)]
        return {"totalCounter": dict(total.shown(groups), id=-1) if rows else {}, "results": results}
