/** The vectors of `tests/vectors/x509`, as text and as decoded certificates. */
import { type Certificate, decodeCertificate, decodePem } from "signet/x509/mod.ts";

const FOLDER = new URL("../vectors/x509/", import.meta.url);

/** The text of a vector. */
export function readVector(path: string): string {
  return Deno.readTextFileSync(new URL(path, FOLDER));
}

/** The DER of a vector. */
export function readVectorDer(path: string): Uint8Array<ArrayBuffer> {
  return decodePem(readVector(path))[0]!.der;
}

/** Names of the vectors of a folder, sorted, without their ending. */
export function listVectors(folder: string): readonly string[] {
  const names = [...Deno.readDirSync(new URL(folder, FOLDER))].map(({ name }) =>
    name.replace(".pem", "")
  );
  return names.sort();
}

/** A decoded certificate of the `chain` folder. */
export function readCertificate(name: string): Certificate {
  return decodeCertificate(readVectorDer(`chain/${name}.pem`));
}
