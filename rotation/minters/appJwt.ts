import { base64url, fromBase64, utf8 } from "../../edge/encoding";
import { Misuse } from "../errors";

/** DER prefix that turns a PKCS#1 RSA private key into PKCS#8, which is the only form WebCrypto imports. */
const RSA_ALGORITHM = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const NOT_A_KEY = "the GitHub App's private key must be a PEM (BEGIN RSA PRIVATE KEY or BEGIN PRIVATE KEY)";

/** The key with its line breaks: environment variables and JSON often carry them as the two characters `\\n`. */
export function withLineBreaks(pem: string): string {
  return pem.replace(/\\r\\n|\\n/g, "\n");
}

/** @throws Misuse when it is none that `appJwt` can sign with */
export async function checkAppKey(privateKeyPem: string): Promise<void> {
  await importKey(privateKeyPem);
}

async function importKey(privateKeyPem: string): ReturnType<typeof crypto.subtle.importKey> {
  const der = pkcs8(privateKeyPem);
  try {
    return await crypto.subtle.importKey("pkcs8", der, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"]);
  } catch {
    // What WebCrypto says names neither the key nor what would be right.
    throw new Misuse(`${NOT_A_KEY} with an RSA key in it, whole and without a passphrase`);
  }
}

/**
 * A signed statement that the caller is the App: RS256, valid for 9 minutes (GitHub allows 10), back-dated a minute for
 * clock skew.
 */
export async function appJwt(appId: number | string, privateKeyPem: string, nowMs: number): Promise<string> {
  const key = await importKey(privateKeyPem);
  const now = Math.floor(nowMs / 1000);
  const head = base64url(utf8(JSON.stringify({ alg: "RS256", typ: "JWT" })));
  const body = base64url(utf8(JSON.stringify({ iat: now - 60, exp: now + 540, iss: String(appId) })));
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, utf8(`${head}.${body}`));
  return `${head}.${body}.${base64url(signature)}`;
}

/** The key's bytes. GitHub hands out PKCS#1 (`BEGIN RSA PRIVATE KEY`); PKCS#8 is taken as it is. @throws Misuse */
export function pkcs8(pem: string): Uint8Array<ArrayBuffer> {
  const m = /-----BEGIN (RSA )?PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END (?:RSA )?PRIVATE KEY-----/.exec(
    withLineBreaks(pem),
  );
  if (!m?.[2]) throw new Misuse(NOT_A_KEY);
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = fromBase64(m[2].replace(/\s/g, ""));
  } catch {
    throw new Misuse(`${NOT_A_KEY}: what stands between its lines is no base64`);
  }
  return m[1] ? sequence([0x02, 0x01, 0x00], RSA_ALGORITHM, tagged(0x04, der)) : der;
}

function sequence(...parts: ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    content.set(part, at);
    at += part.length;
  }
  return tagged(0x30, content);
}

function tagged(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  const out = new Uint8Array(1 + length.length + content.length);
  out.set([tag, ...length]);
  out.set(content, 1 + length.length);
  return out;
}
