/**
 * The content in GitHub's answer about a blob or a file. Undefined if there is none, it is incomplete, or it has more
 * than `most` bytes.
 */
export function readBlob(answer: unknown, most: number): Uint8Array | undefined {
  const { content, encoding, size } = (answer ?? {}) as { content?: unknown; encoding?: unknown; size?: unknown };
  if (typeof content !== "string" || encoding !== "base64" || typeof size !== "number" || size > most) return undefined;
  const packed = content.replace(/[\r\n]/g, "");
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  const text = atob(packed);
  return text.length === size ? Uint8Array.from(text, (character) => character.charCodeAt(0)) : undefined;
}
