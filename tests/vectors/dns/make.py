"""Records DNS messages of others and what dnspython reads in them: messages.json.

Needs dnspython 2.7.0, kdig (Debian knot-dnsutils) and unbound. Usage: python3 make.py
"""

import json
import os
import socket
import struct
import subprocess
import tempfile
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rrset

ZONE = {
    "a.example.": ["300 IN A 192.0.2.1", "300 IN A 192.0.2.2", "300 IN A 192.0.2.3"],
    "six.example.": ["300 IN AAAA 2001:db8::6"],
    "mail.example.": ["300 IN MX 10 mx1.mail.example.", "300 IN MX 20 MX2.Mail.Example."],
    "_sip._tcp.example.": ["60 IN SRV 1 2 5060 sip.example."],
    "txt.example.": ['60 IN TXT "one" "two; three"', '60 IN TXT "' + "x" * 255 + '"'],
    "caa.example.": ['60 IN CAA 0 issue "ca.example"'],
    "naptr.example.": ['60 IN NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:a@b!" .'],
    "svc.example.": ["60 IN HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1"],
    "ds.example.": ["60 IN DS 1 13 2 " + "ab" * 32],
    "loc.example.": [r"60 IN TYPE65280 \# 3 010203"],
    "7.2.0.192.in-addr.arpa.": ["60 IN PTR host.example."],
}
SOA = "ns.example. hostmaster.example. 7 3600 900 86400 77"


def name(text):
    return dns.name.from_text(text)


def rrset(owner, text):
    ttl, rdclass, rdtype, data = text.split(" ", 3)
    return dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, data)


def encoded():
    """Responses that dnspython compresses."""
    for owner, lines in ZONE.items():
        rdtype = lines[0].split(" ")[2]
        query = dns.message.make_query(owner, rdtype, id=0x1234)
        reply = dns.message.make_response(query, recursion_available=True)
        for line in lines:
            reply.answer.append(rrset(owner, line))
        reply.authority.append(rrset("example.", "600 IN NS ns.example."))
        reply.additional.append(rrset("ns.example.", "600 IN A 192.0.2.53"))
        yield f"{rdtype} with authority and additional", reply.to_wire()
    query = dns.message.make_query("www.example.", "A", id=7, use_edns=0, payload=4096, want_dnssec=True)
    reply = dns.message.make_response(query)
    reply.answer.append(rrset("www.example.", "60 IN CNAME edge.cdn.example."))
    reply.answer.append(rrset("edge.cdn.example.", "60 IN CNAME a.cdn.example."))
    reply.answer.append(rrset("a.cdn.example.", "60 IN A 192.0.2.9"))
    signature = "60 IN RRSIG A 13 3 60 20300101000000 20200101000000 7 example. " + "q" * 86 + "=="
    reply.answer.append(rrset("a.cdn.example.", signature))
    yield "a chain of aliases with a signature and OPT", reply.to_wire()
    query = dns.message.make_query("nope.example.", "A", id=8, use_edns=0)
    reply = dns.message.make_response(query)
    reply.set_rcode(3)
    reply.authority.append(rrset("example.", "600 IN SOA " + SOA))
    yield "NXDOMAIN with SOA", reply.to_wire()
    options = [dns.edns.EDEOption(22, "no way"), dns.edns.GenericOption(12, bytes(40)), dns.edns.GenericOption(11, b"\x01\x2c")]
    reply = dns.message.make_response(dns.message.make_query("x.example.", "A", id=9, use_edns=0))
    reply.use_edns(0, 0, 1232, options=options)
    reply.set_rcode(16)
    yield "an extended code, an extended error, padding and keepalive", reply.to_wire()
    odd = dns.name.Name([b"a.b", b"\x00\xff", b"Mixed Case", b"example", b""])
    reply = dns.message.make_response(dns.message.make_query(odd, "A", id=10))
    reply.answer.append(dns.rrset.from_rdata(odd, 5, dns.rdata.from_text("IN", "A", "192.0.2.4")))
    yield "labels that hold dots, zeros and spaces", reply.to_wire()
    reply = dns.message.make_response(dns.message.make_query("many.example.", "A", id=11))
    for i in range(200):
        reply.answer.append(rrset("many.example.", f"5 IN A 192.0.2.{i}"))
    yield "two hundred records", reply.to_wire(max_size=65535)


KDIG = [
    ["a.example", "A"],
    ["a.example", "AAAA", "+noedns"],
    ["a.example", "HTTPS", "+padding"],
    ["a.example", "TXT", "+dnssec", "+cdflag"],
    ["a.example", "ANY", "+norecurse", "+adflag"],
    ["a.example", "SRV", "+ednsopt=11", "+padding=40"],
    ["a.example", "A", "+subnet=192.0.2.0/24"],
    ["a.example", "A", "+cookie=0102030405060708", "+bufsize=4096"],
    ["-x", "2001:db8::1"],
    ["version.bind", "TXT", "-c", "CH"],
]


def queries():
    """What kdig sends over TCP."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    for args in KDIG:
        kdig = subprocess.Popen(["kdig", "@127.0.0.1", "-p", port, "+tcp", "+timeout=2", "+retry=0", *args], stdout=subprocess.DEVNULL)
        connection, _ = listener.accept()
        yield "kdig " + " ".join(args), frame(connection)
        connection.close()
        kdig.wait()


def frame(connection):
    def exactly(length):
        data = b""
        while len(data) < length:
            more = connection.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    return exactly(struct.unpack(">H", exactly(2))[0])


def answers():
    """What unbound answers over TCP."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        lines = [f"interface: 127.0.0.1@{port}", 'username: ""', 'chroot: ""', f'pidfile: "{folder}/pid"']
        lines += ["use-syslog: no", "do-daemonize: no", 'module-config: "iterator"', 'local-zone: "example." static']
        lines += [f'local-data: "example. 600 IN SOA {SOA}"']
        for owner, records in ZONE.items():
            lines += [f"local-data: '{owner} {record}'" for record in records if "in-addr" not in owner]
        with open(f"{folder}/unbound.conf", "w") as config:
            config.write("server:\n" + "\n".join(lines) + "\n")
        unbound = subprocess.Popen(["unbound", "-d", "-c", f"{folder}/unbound.conf"], stderr=subprocess.DEVNULL)
        try:
            asked = [(owner, records[0].split(" ")[2]) for owner, records in ZONE.items()]
            for owner, rdtype in [*asked, ("a.example.", "TXT"), ("nope.example.", "A"), ("example.org.", "A")]:
                query = dns.message.make_query(owner, rdtype, id=0x4321, use_edns=0)
                if rdtype == "A" and owner == "example.org.":
                    query.flags &= ~dns.flags.RD
                yield f"unbound: {owner} {rdtype}", ask(port, query.to_wire())
        finally:
            unbound.terminate()
            unbound.wait()


def ask(port, query):
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            time.sleep(0.05)
    connection.sendall(struct.pack(">H", len(query)) + query)
    return frame(connection)


def read(wire):
    """What dnspython reads."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)

    def records(section):
        return [
            {
                "owner": each.name.to_wire().hex(),
                "type": int(each.rdtype),
                "class": int(each.rdclass),
                "ttl": each.ttl,
                "data": each[0].to_wire().hex(),
            }
            for each in section
        ]

    opt = message.opt
    return {
        "id": message.id,
        "flags": struct.unpack(">H", wire[2:4])[0],
        "questions": [
            {"name": each.name.to_wire().hex(), "type": int(each.rdtype), "class": int(each.rdclass)}
            for each in message.question
        ],
        "answers": records(message.answer),
        "authorities": records(message.authority),
        "additionals": records(message.additional),
        "opt": None
        if opt is None
        else {"payload": message.payload, "ttl": opt.ttl, "data": opt[0].to_wire().hex()},
    }


def main():
    made = [
        {"what": what, "by": by, "hex": wire.hex(), "read": read(wire)}
        for by, messages in (("dnspython 2.7.0", encoded), ("kdig 3.2", queries), ("unbound 1.17", answers))
        for what, wire in messages()
    ]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "messages.json")
    with open(path, "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(each) for each in made) + "\n]\n")


main()
