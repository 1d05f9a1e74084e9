"""Asks one question on a connection, waits for a line on standard input, and asks again on a second one that offers the first's session.

Usage: resume_client.py PORT CERT KEY 1.2|1.3

Prints a line for each connection: "resumed" or "full", and the response code, or "closed".
"""

import socket
import ssl
import struct
import sys

port, cert, key, version = sys.argv[1:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_alpn_protocols(["dot"])
context.load_cert_chain(cert, key)
only = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
context.minimum_version = context.maximum_version = only
header = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0)
query = header + b"\x07private\x07example\x00" + struct.pack(">HH", 1, 1)


def ask(session):
    """The code, and the session as it is after the answer."""
    plain = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
    how = "full"
    try:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            how = "resumed" if connection.session_reused else "full"
            connection.sendall(struct.pack(">H", len(query)) + query)
            answer = connection.recv(65535)
            if not answer:
                return how, "closed", None
            return how, str(answer[5] & 15), connection.session
    except (OSError, ssl.SSLError):
        return how, "closed", None


how, code, session = ask(None)
print(how, code, flush=True)
sys.stdin.readline()
how, code, _ = ask(session)
print(how, code, flush=True)
