"""Writes connections.json: what HTTP/2 clients send to a server that answers nothing but SETTINGS."""
import base64
import json
import socket
import subprocess
import threading

SETTINGS = bytes.fromhex("000000040000000000") + bytes.fromhex("000000040100000000")
NODE = """
const s = require('http2').connect('http://127.0.0.1:PORT'); s.on('error', () => {});
const r = s.request({':method': 'POST', ':path': '/x', 'content-type': 'application/grpc', te: 'trailers'});
r.on('error', () => {}); r.write('hello'); r.end(' world');
"""
CLIENTS = {
    "curl": ["curl", "-s", "--http2-prior-knowledge", "--max-time", "2", "-d", "hello", "http://127.0.0.1:PORT/x?y=z"],
    "h2load": ["h2load", "-n4", "-c1", "-m4", "-N2", "http://127.0.0.1:PORT/"],
    "node": ["node", "-e", NODE],
    "grpcurl": ["grpcurl", "-plaintext", "-max-time", "2", "127.0.0.1:PORT", "list"],
}


def record(command):
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    got = bytearray()

    def serve():
        connection, _ = listener.accept()
        connection.sendall(SETTINGS)
        connection.settimeout(1.5)
        try:
            while chunk := connection.recv(65536):
                got.extend(chunk)
        except TimeoutError:
            pass
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    child = subprocess.Popen([part.replace("PORT", port) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    thread.join()
    listener.close()
    child.terminate()
    child.wait()
    return {"bytes": base64.b64encode(bytes(got)).decode(), "authority": "127.0.0.1:" + port}


with open("connections.json", "w") as out:
    json.dump({name: record(command) for name, command in CLIENTS.items()}, out, indent=1)
