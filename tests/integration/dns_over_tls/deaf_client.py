"""A client of DNS over TLS that sends queries and never reads an answer.

Usage: deaf_client.py PORT flood|trickle

`flood` sends as fast as it is let; `trickle` sends more than buffers on the way hold answers to, then a query every 100 ms. Ends when the
server ends the connection.
"""

import socket
import ssl
import struct
import sys
import time

port, manner = int(sys.argv[1]), sys.argv[2]
context = ssl._create_unverified_context()
context.set_alpn_protocols(["dot"])
plain = socket.socket()
plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
plain.connect(("127.0.0.1", port))
connection = context.wrap_socket(plain, server_hostname="localhost")

header = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 1)
question = b"\x02db\x07example\x00" + struct.pack(">HH", 1, 1)
padding = b"\x00" + struct.pack(">HHIHHH", 41, 1232, 0, 4, 12, 0)
query = header + question + padding
query = struct.pack(">H", len(query)) + query
queries = query * 200

connection.settimeout(60)
try:
    for _ in range(75):
        connection.sendall(queries)
        if manner == "trickle":
            time.sleep(0.005)
    while True:
        if manner == "trickle":
            time.sleep(0.1)
            connection.sendall(query)
        else:
            connection.sendall(queries)
except (OSError, ssl.SSLError):
    print("ended")
