/**
 * Every form in which a credential may be told apart from other text; `{token:base64}` in a case stands for one of
 * them.
 */
export const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (s) => s,
  reversed: (s) => [...s].reverse().join(""),
  base64: (s) => Buffer.from(s).toString("base64"),
  "base64-1": (s) => Buffer.from(`a${s}b`).toString("base64"),
  "base64-2": (s) => Buffer.from(`ab${s}cd`).toString("base64"),
  ...Object.fromEntries([0, 1, 2].map((shift) => [`base64-lines-${shift}`, (s: string) => inLines(s, shift, "\\n")])),
  "base64-lines-patch": (s) => inLines(s, 1, "\\n+"),
  "base64-lines-crlf": (s) => inLines(s, 2, "\\r\\n"),
  "percent-partly": (s) => s.replace(/[a-z_]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
  base64url: (s) => Buffer.from(s).toString("base64url"),
  basic: (s) => Buffer.from(`x-access-token:${s}`).toString("base64"),
  "basic-other": (s) => Buffer.from(`claude-bot:${s}`).toString("base64"),
  hex: (s) => Buffer.from(s).toString("hex"),
  "hex-upper": (s) => Buffer.from(s).toString("hex").toUpperCase(),
  percent: (s) => encodeURIComponent(s).replace(/[_~.-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  "percent-all": (s) => [...s].map((c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
  "percent-all-lower": (s) => [...s].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(""),
  "json-escaped": (s) => [...s].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join(""),
  "json-escaped-upper": (s) => [...s].map((c) => `\\u00${c.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
  "json-escaped-partly": (s) => s.replace("_", "\\u005f"),
  "html-decimal": (s) => [...s].map((c) => `&#${c.charCodeAt(0)};`).join(""),
  "html-hex": (s) => [...s].map((c) => `&#x${c.charCodeAt(0).toString(16)};`).join(""),
};

/**
 * A file with a secret in base64, as GitHub's API has it: in lines of sixty characters, here with the secret on two of
 * them.
 */
function inLines(secret: string, shift: number, end: string): string {
  const packed = Buffer.from(`${"x".repeat(30 + shift)}${secret} and more of the file`).toString("base64");
  return packed.replace(/.{60}/g, `$&${end}`);
}

/** Fills `{name}` and `{name:form}`; what is not known stays, so that JSON and templates need no escape. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{([A-Za-z0-9]+)(?::([a-z0-9-]+))?\}/g, (whole, name: string, form: string | undefined) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return whole;
    const made = form === undefined ? undefined : FORMS[form];
    if (form !== undefined && made === undefined) throw new Error(`no form ${form}`);
    return made?.(value) ?? value;
  });
}
