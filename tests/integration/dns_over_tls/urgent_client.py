"""A client of DNS over TLS that sends TCP urgent data (RFC 9293 section 3.8.5) beside its queries.

Usage: urgent_client.py PORT "before the handshake"|"between queries"|"within a record"|flood

Prints "answered" when every query was answered, or "closed" when the server ended the connection first.
"""

import socket
import ssl
import struct
import sys

QUERIES = 20
FLOOD = 5_000

port, when = int(sys.argv[1]), sys.argv[2]
context = ssl._create_unverified_context()
context.set_alpn_protocols(["dot"])
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
plain = socket.create_connection(("127.0.0.1", port), timeout=30)
plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def urgent():
    plain.send(b"!", socket.MSG_OOB)


def pump(step):
    """Does a step of TLS, moving octets to and from the socket until it is done."""
    while True:
        try:
            done = step()
        except ssl.SSLWantReadError:
            done = None
        if outgoing.pending:
            plain.sendall(outgoing.read())
        if done is not None:
            return done
        received = plain.recv(65535)
        if not received:
            raise OSError("closed")
        incoming.write(received)


def query(number):
    message = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0)
    message += b"\x02db\x07example\x00" + struct.pack(">HH", 1, 1)
    return struct.pack(">H", len(message)) + message


def answer():
    """One answer of a message whose length fits a record."""
    received = pump(lambda: tls.read(65535))
    if not received:
        raise OSError("closed")
    return received[5] & 15


try:
    if when == "before the handshake":
        urgent()
    pump(lambda: tls.do_handshake() or True)
    if when == "flood":
        for _ in range(FLOOD):
            urgent()
    for number in range(QUERIES):
        tls.write(query(number))
        octets = outgoing.read()
        if when == "within a record":
            plain.sendall(octets[:10])
            urgent()
            plain.sendall(octets[10:])
        else:
            plain.sendall(octets)
        if when == "between queries":
            urgent()
        if answer() != 0:
            raise SystemExit("a wrong answer")
    print("answered")
except (OSError, ssl.SSLError):
    print("closed")
