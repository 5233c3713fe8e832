import { randomBytes } from "node:crypto";
import { ProviderError } from "../types";

/**
 * A part of a form. A part without `filename` or `contentType` has no such header (unlike the platform's FormData,
 * which adds them).
 */
export interface FormPart {
  name: string;
  filename?: string;
  contentType?: string;
  body: string;
}

/** A form as the real plugin writes it. */
export function writeForm(parts: readonly FormPart[]): { contentType: string; body: string } {
  const boundary = randomBytes(30).toString("hex");
  const written = parts.map((part) => {
    const filename = part.filename === undefined ? "" : `; filename="${quote(part.filename)}"`;
    const contentType = part.contentType === undefined ? "" : `Content-Type: ${part.contentType}\r\n`;
    return `--${boundary}\r\nContent-Disposition: form-data; name="${quote(part.name)}"${filename}\r\n${contentType}\r\n${part.body}\r\n`;
  });
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: `${written.join("")}--${boundary}--\r\n` };
}

/** The content of the first part of a form. */
export function firstPartOf(contentType: string, body: string): string {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  const start = boundary === undefined ? -1 : body.indexOf(`--${boundary}`);
  if (boundary === undefined || start < 0)
    throw new ProviderError("Cloudflare answered with a form that has no boundary");
  const headersEnd = body.indexOf("\r\n\r\n", start);
  const end = headersEnd < 0 ? -1 : body.indexOf(`\r\n--${boundary}`, headersEnd);
  if (end < 0) throw new ProviderError("Cloudflare answered with a form that is cut off");
  // An empty part ends where its headers do.
  return body.slice(Math.min(headersEnd + 4, end), end);
}

function quote(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
