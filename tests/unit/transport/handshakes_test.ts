import assert from "node:assert/strict";

import { Handshakes, type HandshakeSocket } from "../../../lib/transport/handshakes.ts";

interface FakeSocket extends HandshakeSocket {
  closed: boolean;
  emit(event: "close" | "error"): void;
}

function socketFrom(
  remotePort: number,
  remoteAddress: string | undefined = "192.0.2.1",
): FakeSocket {
  const listeners: [string, () => void][] = [];
  const socket: FakeSocket = {
    remoteAddress,
    remotePort,
    closed: false,
    destroy() {
      if (this.closed) return;
      this.closed = true;
      this.emit("close");
    },
    on: (event, listener) => void listeners.push([event, listener]),
    emit: (event) =>
      listeners.filter(([name]) => name === event).forEach(([, listener]) => listener()),
  };
  return socket;
}

Deno.test("Handshakes.expire() closes those that are late, and no other", () => {
  const handshakes = new Handshakes(10_000);
  const [late, early] = [socketFrom(1), socketFrom(2)];
  handshakes.begin(late, 0);
  handshakes.begin(early, 5_000);
  assert.equal(handshakes.expire(9_999), 0);
  assert.equal(handshakes.size, 2);
  assert.equal(handshakes.expire(10_000), 1);
  assert.deepEqual([late.closed, early.closed, handshakes.size], [true, false, 1]);
});

Deno.test("Handshakes.succeeded() frees a client from its deadline", () => {
  const handshakes = new Handshakes(10);
  const socket = socketFrom(1);
  handshakes.begin(socket, 3);
  assert.equal(handshakes.succeeded(socketFrom(1), 8), 5, "milliseconds");
  assert.equal(handshakes.size, 0);
  assert.equal(handshakes.succeeded(socketFrom(1), 9), undefined, "nothing had begun");
  assert.equal(handshakes.expire(1_000), 0);
  assert.equal(socket.closed, false);
});

Deno.test("Handshakes forgets a socket that closed, and not the one that reuses its port", () => {
  const handshakes = new Handshakes(10);
  const first = socketFrom(1);
  handshakes.begin(first, 0);
  const second = socketFrom(1);
  handshakes.begin(second, 5);
  first.emit("close");
  assert.equal(handshakes.size, 1);
  second.emit("close");
  assert.equal(handshakes.size, 0);
});

Deno.test("Handshakes.begin() closes a socket whose client is gone already", () => {
  const handshakes = new Handshakes(10);
  const gone = socketFrom(1);
  const socket: FakeSocket = Object.assign(gone, { remoteAddress: undefined });
  handshakes.begin(socket, 0);
  assert.deepEqual([socket.closed, handshakes.size], [true, 0]);
});

Deno.test("Handshakes closes a socket that fails", () => {
  const handshakes = new Handshakes(10);
  const socket = socketFrom(1);
  handshakes.begin(socket, 0);
  socket.emit("error");
  assert.deepEqual([socket.closed, handshakes.size], [true, 0]);
});

Deno.test("Handshakes.destroy() closes all", () => {
  const handshakes = new Handshakes(10);
  const sockets = [socketFrom(1), socketFrom(2), socketFrom(3)];
  for (const socket of sockets) handshakes.begin(socket, 0);
  handshakes.destroy();
  assert.ok(sockets.every(({ closed }) => closed));
  assert.equal(handshakes.size, 0);
});
