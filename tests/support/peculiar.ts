/** `@peculiar/x509` as the oracle of tests; `reflect-metadata` has to come first, so nothing else imports it. */
import "reflect-metadata";
import { cryptoProvider } from "@peculiar/x509";

cryptoProvider.set(crypto);

export * from "@peculiar/x509";
