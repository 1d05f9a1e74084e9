/**
 * From the generators' plain data to bytes. The descriptors of Envoy's API are large and are loaded when the first stream or the first
 * snapshot needs them: a server that configures no proxy never has them in memory.
 */

/** A resource, encoded once for all who get it. */
export interface Resource {
  /** Its name. */
  readonly name: string;
  /** The message's bytes. */
  readonly bytes: Uint8Array;
}

/** Encodes resources, each from its message in the JSON form of Protocol Buffers. @throws {Error} for what is none. */
export interface Encoder {
  /** CDS. */
  cluster(value: object): Resource;
  /** EDS. */
  endpoints(value: object): Resource;
  /** LDS. */
  listener(value: object): Resource;
  /** RDS. */
  routes(value: object): Resource;
}

/** Loads the descriptors. */
export async function loadEncoder(): Promise<Encoder> {
  const schemas = await import("./schemas.ts");
  return schemas.createEncoder();
}
