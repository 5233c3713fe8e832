import { createHash } from "node:crypto";

/** What Vault Agent writes beside a rendered nginx, by file name, without Vault. */
export function tokenFiles(token: string): Record<string, string> {
  const sha256 = createHash("sha256").update(token).digest("base64");
  const base64 = (shift: number): string[] => {
    const core = Buffer.from("a".repeat(shift) + token)
      .toString("base64")
      .slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + token.length) * 8) / 6));
    const half = Math.min(30, core.length >> 1);
    return [core.slice(0, half), core.slice(half, 2 * half)];
  };
  const forms = [
    token,
    Buffer.from(token).toString("hex"),
    [...token].reverse().join(""),
    ...[0, 1, 2].flatMap(base64),
  ];
  return {
    "token.conf": `map "" $github_token { default "${token}"; }\nmap "" $github_token_sha256 { default "${sha256}"; }\n`,
    "token-forms.conf": forms.map((form) => `sub_filter "${form}" "[removed by gatehouse]";\n`).join(""),
  };
}
