import { generateKeyPairSync, randomBytes } from "node:crypto";
import { md, pki } from "node-forge";

/** Both as PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

const HOUR = 3_600_000;

/** A new key with a certificate of its own for these hosts, good for a day. Only who is told to trust it does. */
export function certificateFor(hosts: readonly string[]): Certificate {
  const { privateKey: key, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `00${randomBytes(8).toString("hex")}`;
  certificate.validity.notBefore = new Date(Date.now() - HOUR);
  certificate.validity.notAfter = new Date(Date.now() + 24 * HOUR);
  const name = [{ name: "commonName", value: "Gatehouse rehearsal, TLS inspection" }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true },
    { name: "subjectAltName", altNames: hosts.map((value) => ({ type: 2, value })) },
  ]);
  certificate.sign(pki.privateKeyFromPem(key), md.sha256.create());
  return { key, certificate: pki.certificateToPem(certificate) };
}
