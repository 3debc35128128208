#!/usr/bin/python3
"""Writes the small city databases of the tests in MaxMind's file format.

    make_mmdb.py           write them beside this script
    make_mmdb.py --check   exit 1 if the files are not what it would write

Own writer, standard library only. The format: a binary search tree of nodes
with two records each, 16 zero bytes, a data section, a mark, the metadata.
"""

import ipaddress
import pathlib
import struct
import sys

MARK = b"\xab\xcd\xefMaxMind.com"
BUILD_EPOCH = 1780000000
HERE = pathlib.Path(__file__).resolve().parent


class Float(float):
    """A 32-bit number; a plain float is written with 64 bits."""


class U16(int):
    pass


class U32(int):
    pass


class U64(int):
    pass


class Raw(bytes):
    """Bytes of the data section as they are, for broken records."""


def control(kind, size):
    if size < 29:
        low, more = size, b""
    elif size < 285:
        low, more = 29, struct.pack(">B", size - 29)
    elif size < 65821:
        low, more = 30, struct.pack(">H", size - 285)
    else:
        low, more = 31, struct.pack(">I", size - 65821)[1:]
    if kind > 7:
        return bytes([low, kind - 7]) + more
    return bytes([kind << 5 | low]) + more


def pointer(offset):
    if offset < 2048:
        return struct.pack(">H", 1 << 13 | offset)
    if offset < 526336:
        rest = offset - 2048
        return bytes([0x28 | rest >> 16]) + struct.pack(">H", rest & 0xFFFF)
    return bytes([0x38]) + struct.pack(">I", offset)


def number(kind, value):
    raw = value.to_bytes(8, "big").lstrip(b"\0")
    return control(kind, len(raw)) + raw


class Data:
    """A data section: texts and records that repeat become pointers."""

    def __init__(self, share=True):
        self.out = bytearray()
        self.known = {}
        self.share = share

    def add(self, value):
        """The offset of a record; equal records are written once."""
        key = repr(value)
        if key not in self.known:
            start = len(self.out)
            self.put(value)
            self.known[key] = start
        return self.known[key]

    def put(self, value):
        if isinstance(value, Raw):
            self.out += value
        elif isinstance(value, dict):
            self.out += control(7, len(value))
            for key, member in value.items():
                self.put(key)
                self.put(member)
        elif isinstance(value, list):
            self.out += control(11, len(value))
            for member in value:
                self.put(member)
        elif isinstance(value, str):
            self.put_text(value)
        else:
            self.put_number(value)

    def put_text(self, value):
        key = ("text", value)
        raw = value.encode()
        if self.share and key in self.known and len(raw) > 2:
            self.out += pointer(self.known[key])
            return
        self.known.setdefault(key, len(self.out))
        self.out += control(2, len(raw)) + raw

    def put_number(self, value):
        if isinstance(value, bool):
            self.out += control(14, int(value))
        elif isinstance(value, Float):
            self.out += control(15, 4) + struct.pack(">f", value)
        elif isinstance(value, float):
            self.out += control(3, 8) + struct.pack(">d", value)
        elif isinstance(value, U16):
            self.out += number(5, value)
        elif isinstance(value, U32):
            self.out += number(6, value)
        elif isinstance(value, U64):
            self.out += number(9, value)
        else:
            raise TypeError(value)


class Tree:
    """Nodes are lists of two: None, an offset in the data, or a node."""

    def __init__(self, bits):
        self.bits = bits
        self.root = [None, None]

    def place(self, address, length, what):
        node = self.root
        for i in range(length - 1):
            side = address >> (self.bits - 1 - i) & 1
            if not isinstance(node[side], list):
                node[side] = [node[side], node[side]]
            node = node[side]
        node[address >> (self.bits - length) & 1] = what

    def find(self, address, length):
        node = self.root
        for i in range(length):
            node = node[address >> (self.bits - 1 - i) & 1]
        return node

    def nodes(self):
        order, seen, todo = [], {}, [self.root]
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen[id(node)] = len(order)
            order.append(node)
            todo += [half for half in reversed(node) if isinstance(half, list)]
        return order, seen


def pack_node(left, right, size):
    if size == 28:
        middle = (left >> 24 & 15) << 4 | right >> 24 & 15
        return struct.pack(">I", left)[1:] + bytes([middle]) \
            + struct.pack(">I", right)[1:]
    width = size // 8
    return left.to_bytes(width, "big") + right.to_bytes(width, "big")


def database(kind, networks, version, size, aliases=(), share=True,
             major=2, tweak=None):
    """The bytes of one database. networks: (prefix, record) from outer to
    inner ones; IPv4 goes to ::/96 of a version 6 tree."""
    tree = Tree(128 if version == 6 else 32)
    data = Data(share)
    for prefix, record in networks:
        net = ipaddress.ip_network(prefix)
        shift = 96 if version == 6 and net.version == 4 else 0
        tree.place(int(net.network_address), net.prefixlen + shift,
                   data.add(record))
    for prefix in aliases:
        net = ipaddress.ip_network(prefix)
        tree.place(int(net.network_address), net.prefixlen, tree.find(0, 96))
    if tweak:
        tweak(tree)
    order, index = tree.nodes()
    count = len(order)
    out = bytearray()
    for node in order:
        halves = []
        for half in node:
            if half is None:
                halves.append(count)
            elif isinstance(half, list):
                halves.append(index[id(half)])
            else:
                halves.append(count + 16 + half)
        out += pack_node(halves[0], halves[1], size)
    meta = Data(share=False)
    meta.put({
        "binary_format_major_version": U16(major),
        "binary_format_minor_version": U16(0),
        "build_epoch": U64(BUILD_EPOCH),
        "database_type": kind,
        "description": {"en": "test data of Perihelion"},
        "ip_version": U16(version),
        "languages": ["en"],
        "node_count": U32(count),
        "record_size": U16(size),
    })
    return bytes(out + bytes(16) + data.out + MARK + meta.out)


def flat(country, state, city, lat, lon, wide=float):
    """The layout of the @ip-location-db packages."""
    return {
        "city": city, "country_code": country, "latitude": wide(lat),
        "longitude": wide(lon), "postcode": "", "state1": state,
        "state2": "", "timezone": "",
    }


def flat32(*values):
    return flat(*values, wide=Float)


def nested(country, state, city, lat, lon):
    """The layout of GeoIP2 and GeoLite2: what is missing has no key."""
    record = {}
    if city:
        record["city"] = {"geoname_id": U32(42),
                          "names": {"de": city + "-de", "en": city}}
    record["continent"] = {"code": "XX", "names": {"en": "Somewhere"}}
    if country:
        record["country"] = {"geoname_id": U32(7), "iso_code": country,
                             "names": {"en": "Land " + country}}
    if lat is not None:
        record["location"] = {"accuracy_radius": U16(20), "latitude": lat,
                              "longitude": lon, "time_zone": "Etc/UTC"}
    record["registered_country"] = {"iso_code": "ZZ"}
    if state:
        record["subdivisions"] = [
            {"iso_code": state[:2].upper(), "names": {"en": state}},
            {"iso_code": "SECOND", "names": {"en": "Second"}},
        ]
    return record


def owner(number, name):
    """The layout of databases of AS numbers."""
    return {"autonomous_system_number": number,
            "autonomous_system_organization": name}


BRISBANE = ("AU", "Queensland", "Brisbane", -27.4679, 153.028)
FUZHOU = ("CN", "Fujian", "Fuzhou", 26.0614, 119.306)
MOUNTAIN_VIEW = ("US", "California", "Mountain View", 37.422, -122.085)
FRANKFURT = ("DE", "Hesse", "Frankfurt am Main", 50.1109, 8.68213)
TOKYO = ("JP", "Tokyo", "Chiyoda", 35.6895, 139.692)

# Rows that every layout can say.
COMMON4 = [
    ("0.0.0.0/32", TOKYO),
    ("1.0.0.0/24", BRISBANE),
    ("1.0.1.0/24", FUZHOU),
    ("1.0.2.0/23", FUZHOU),
    ("3.0.0.0/8", ("US", "", "", 37.751, -97.822)),
    ("4.0.0.0/8", ("US", "Kansas", "", 37.751, -97.822)),
    ("5.0.0.0/8", ("US", "Texas", "", 31.0, -100.0)),
    ("6.0.0.0/8", ("", "", "Nowhere", 1.5, 2.5)),
    ("8.8.8.0/24", MOUNTAIN_VIEW),
    ("8.8.8.128/25", FRANKFURT),
    ("8.8.8.255/32", TOKYO),
    ("9.0.0.0/31", FRANKFURT),
    ("9.0.0.2/31", TOKYO),
    ("255.255.255.255/32", FRANKFURT),
]
COMMON6 = [
    ("2001:db8::/32", BRISBANE),
    ("2400:cb00::/32", FUZHOU),
    ("2400:cb00:1::/48", TOKYO),
    ("2400:cb00:1:2::/64", FRANKFURT),
    ("2400:cb00:1:2::1/128", MOUNTAIN_VIEW),
    ("2400:cb00:1:2::2/127", TOKYO),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128", TOKYO),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", FRANKFURT),
]
ALIASES = ("::ffff:0:0/96", "2001::/32", "2002::/16")


def rows(layout, table):
    return [(prefix, layout(*values)) for prefix, values in table]


def standard(size):
    more = [
        ("7.0.0.0/8", nested("DE", "", "Nowhere", None, None)),
        ("11.0.0.0/8", {"location": {"latitude": 10.0, "longitude": 20.0},
                        "subdivisions": [{"iso_code": "BY"}],
                        "city": {"names": {"fr": "Munich-fr"}},
                        "country": {"iso_code": "de"}}),
        ("12.0.0.0/8", {"location": {"latitude": 91.0, "longitude": 20.0},
                        "country": {"iso_code": "DE"}}),
        ("13.0.0.0/8", {"location": {"latitude": float("nan"),
                                     "longitude": 20.0}}),
        ("14.0.0.0/8", {"location": {"latitude": U16(10),
                                     "longitude": U32(20)},
                        "country": {"iso_code": "D1"}}),
        ("15.0.0.0/8", {"location": {"latitude": "10", "longitude": 20.0}}),
        ("16.0.0.0/8", {"location": [1.0, 2.0], "city": [], "country": 1.0,
                        "subdivisions": {}}),
        ("17.0.0.0/8", nested("DE", "S" * 70, "\u00e4" * 200, 1.0, 2.0)),
    ]
    return database("GeoLite2-City",
                    rows(nested, COMMON4) + more + rows(nested, COMMON6),
                    6, size, ALIASES)


def shared(tree):
    """Both halves of each node are one node: 2^32 networks in 32 nodes."""
    node = tree.find(0, 31)
    for depth in range(30, -1, -1):
        above = tree.find(0, depth)
        above[0] = above[1] = node
        node = above


def loop(tree):
    """A node that leads to itself."""
    node = tree.find(0, 2)
    node[0] = node
    node[1] = node


def files():
    flat4 = rows(flat32, COMMON4)
    one = [("1.0.0.0/8", flat(*BRISBANE))]
    yield "flat4.mmdb", database("city ipv4", flat4, 4, 24)
    yield "flat6.mmdb", database("city ipv6", rows(flat32, COMMON6), 6, 28)
    yield "flat4-double.mmdb", database("city ipv4", rows(flat, COMMON4), 4,
                                        32)
    for size in (24, 28, 32):
        yield "standard%d.mmdb" % size, standard(size)
    yield "newer.mmdb", database("city ipv4", [
        ("1.0.1.0/24", flat(*TOKYO)),
        ("1.0.1.64/26", flat("", "", "", 0.0, 200.0)),
        ("2.0.0.0/8", flat(*FRANKFURT))], 4, 24)
    # Wide: a network around ::/96 says nothing about IPv4.
    yield "around.mmdb", database("City", [("::/8", flat(*TOKYO))], 6, 24)
    yield "country.mmdb", database("GeoLite2-Country", [
        ("1.0.0.0/8", {"country": {"iso_code": "AU"}})], 4, 24)
    yield "asn.mmdb", database("GeoLite2-ASN", rows(owner, [
        ("1.0.0.0/8", (U32(13335), "Cloud")),
        ("8.8.8.0/25", (U32(4134), "Telecom")),
        ("8.8.8.192/26", (U16(4837), "Unicom")),
        ("9.0.0.0/8", (U32(4837), "Unicom")),
        ("10.0.0.0/8", ("4134", "a text")),
        ("11.0.0.0/8", (U32(0), "nobody")),
        ("2001:db8::/33", (U32(4134), "Telecom")),
        ("2400:cb00:1::/48", (U32(4294967295), "Last"))]), 6, 24, ALIASES)
    yield "no-networks.mmdb", database("City", [], 4, 24)
    yield "format1.mmdb", database("City", one, 4, 24, major=1)
    yield "loop.mmdb", database("City", one + [("0.0.0.0/5", flat(*TOKYO))],
                                4, 24, tweak=loop)
    yield "shared.mmdb", database("City", [("0.0.0.0/32", flat(*TOKYO))], 4,
                                  24, tweak=shared)
    yield "too-deep.mmdb", database(
        "City", [("1.0.0.1/32", flat(*TOKYO))], 4, 24,
        tweak=lambda tree: tree.place(0x01000001, 32, [0, 0]))
    # Pointer to a pointer; a type that does not exist; a map without an end;
    # a record of more values than any city has.
    for name, raw in (
            ("bad-chain", b"\x20\x02\x20\x00"),
            ("bad-type", b"\x00\x06"),
            ("bad-map", b"\xff\xff\xff\xff"),
            ("bad-text", b"\xe1\x5f\xff\xff\xff"),
            ("bad-budget", b"\xe2\x41x\x1e\x04\x10\x00" + b"\xe0" * 4400)):
        yield name + ".mmdb", database(
            "City", one + [("2.0.0.0/8", Raw(raw))], 4, 24)


def main():
    wrong = 0
    for name, content in files():
        path = HERE / name
        if sys.argv[1:] == ["--check"]:
            if not path.exists() or path.read_bytes() != content:
                print("%s is not what make_mmdb.py writes" % path)
                wrong += 1
        else:
            path.write_bytes(content)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
