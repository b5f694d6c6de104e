"""The generator of packets: what is kept of it in the tree is what it makes, and it makes the same each time."""
import itertools

import packets
import rig


def test_kept_cases():
    """Fix it: packets.py cases >tests/unit/packets.txt"""
    kept = (rig.TOP / "tests" / "unit" / "packets.txt").read_text(encoding="ascii")
    made = list(packets.cases())
    assert kept.split("\n", 1)[1] == "".join(case.text() for case in made)
    names = [case.name for case in made]
    assert len(set(names)) == len(names)


def test_kept_seeds(folder):
    """Fix it: packets.py seeds tests/fuzz/seeds/packet"""
    packets.write_seeds(folder)
    kept = rig.TOP / "tests" / "fuzz" / "seeds" / "packet"
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert made == {path.name: path.read_bytes() for path in kept.iterdir() if path.name not in packets.FOUND}
    assert sorted(made) == sorted(packets.SEEDS)


def test_checksums_are_right():
    for part in packets.ipv4(packets.tcp()), packets.ipv4(packets.udp(), options=b"\1" * 8, tos=4, ident=7, flags=0):
        assert packets.checksum(part.data[:(part.data[0] & 15) * 4]) == 0


def test_mix_is_the_same_each_time():
    first, second, other = (list(packets.mix(2000, seed, concurrent=50)) for seed in (1, 1, 2))
    assert first == second != other
    assert all(earlier[0] < later[0] for earlier, later in itertools.pairwise(first))
    assert {octets for _, octets, _, _ in first} >= {1500}
    for _, octets, six, frame in first:
        at = 14
        while frame[at - 2:at] == b"\x81\0":
            at += 4
        length = frame[at + 4:at + 6] if six else frame[at + 2:at + 4]
        assert octets == int.from_bytes(length, "big") + (40 if six else 0)
        assert len(frame) == max(at + octets, 60)
