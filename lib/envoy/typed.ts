/** Messages inside messages, in the JSON form of Protocol Buffers: everything that the generators make is plain data in that form. */
import type { AnyJson } from "@bufbuild/protobuf/wkt";

/** A message as `google.protobuf.Any`; `type` is its full name. */
export function typed<T extends object>(type: string, value: T): AnyJson {
  return { "@type": `type.googleapis.com/${type}`, ...value } as AnyJson;
}
