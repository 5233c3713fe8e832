/** What a model sees of GitHub's answer to a call: texts, one after the other. */
export interface Shown {
  readonly parts: readonly string[];
  /** The call did nothing, although the answer has status 200. */
  readonly isError?: true;
}

const parsed = (answer: string): unknown => {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
};

/**
 * A file as what it is and its text, which GitHub sends in base64 up to 1 MB; of one that is larger, or no text, only what
 * it is. Anything else, such as the list of a folder, stays as it came.
 */
export function fileParts(answer: string): Shown {
  const { type, path, size, sha, encoding, content } = (parsed(answer) ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== "file" || typeof content !== "string") return { parts: [answer] };
  const about = `${String(path)}: ${String(size)} bytes, sha ${String(sha)}.`;
  if (encoding !== "base64") return { parts: [`${about} It is too large to be shown here. Read it with git.`] };
  const bytes = binary(content);
  if (bytes === undefined) return { parts: [answer] };
  const text = textOf(bytes);
  if (text === undefined) return { parts: [`${about} It is no text in UTF-8. Read it with git.`] };
  return { parts: text === "" ? [about] : [about, text] };
}

/** The bytes as characters up to U+00FF. GitHub's line breaks between them do not count. */
function binary(content: string): string | undefined {
  try {
    return atob(content);
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: string): string | undefined {
  if (bytes.includes("\0")) return undefined;
  // Most source is ASCII, and then it is its own text.
  if (!/[^\0-\x7f]/.test(bytes)) return bytes;
  try {
    return utf8.decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** GraphQL says with status 200 what went wrong. */
export function mutationParts(answer: string): Shown {
  const { data, errors } = (parsed(answer) ?? {}) as {
    data?: Readonly<Record<string, unknown>> | null;
    errors?: readonly { message?: unknown }[];
  };
  if (Array.isArray(errors) && errors.length > 0)
    return {
      parts: [`GitHub refused, and nothing was changed: ${errors.map(({ message }) => String(message)).join(" ")}`],
      isError: true,
    };
  return { parts: [JSON.stringify(Object.values(data ?? {})[0] ?? null)] };
}
