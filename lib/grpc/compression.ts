/** gzip for Connect, by the platform's zlib, with the output bounded while it inflates. */
import { gunzip, gzip } from "node:zlib";
import { promisify } from "node:util";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

const deflate = promisify<Uint8Array, Uint8Array<ArrayBuffer>>(gzip);
const inflate = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array<ArrayBuffer>>(gunzip);

/** The one compression that signet speaks beside identity. */
export const GZIP: Compression = {
  name: "gzip",
  compress: async (bytes) => new Uint8Array(await deflate(bytes)),
  async decompress(bytes, readMaxBytes) {
    if (bytes.length === 0) return new Uint8Array(0);
    try {
      return new Uint8Array(await inflate(bytes, { maxOutputLength: readMaxBytes }));
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
