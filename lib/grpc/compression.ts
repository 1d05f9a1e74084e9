/** gzip for Connect, by the platform's zlib, with the output bounded while it inflates. */
import { gunzip, gzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    gzip(bytes, (error, result) => error ? reject(error) : resolve(result))
  );
}

function inflate(bytes: Uint8Array, maxOutputLength: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    gunzip(bytes, { maxOutputLength }, (error, result) => error ? reject(error) : resolve(result))
  );
}

/** The one compression that signet speaks beside identity. */
export const GZIP: Compression = {
  name: "gzip",
  compress: async (bytes) => new Uint8Array(await deflate(bytes)),
  async decompress(bytes, readMaxBytes) {
    if (bytes.length === 0) return new Uint8Array(0);
    try {
      return new Uint8Array(await inflate(bytes, readMaxBytes));
    } catch (thrown) {
      if (thrown instanceof RangeError) {
        throw new ConnectError(
          `message is larger than configured readMaxBytes ${readMaxBytes} after decompression`,
          Code.ResourceExhausted,
        );
      }
      throw new ConnectError(
        "decompression failed",
        Code.InvalidArgument,
        undefined,
        undefined,
        thrown,
      );
    }
  },
};
