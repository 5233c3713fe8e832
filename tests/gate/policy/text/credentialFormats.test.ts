import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { CREDENTIAL_FORMATS, FORMAT_SOURCE } from "../../../../gate/policy/text/credentialFormats";
import { findSecrets } from "../../../../gate/policy/text/secrets";

/** Made in each run from the format itself, so that no file holds anything that looks like a credential. */
const samples = (rest: string): readonly string[] =>
  fc.sample(fc.stringMatching(new RegExp(`^${rest.replace(/\\b$|\(\?<![^)]*\)/g, "")}$`)), { numRuns: 12, seed: 7 });
const isFound = (text: string, id: string): boolean => findSecrets(text).some(({ rule }) => rule === id);

describe.each(CREDENTIAL_FORMATS)("$id", ({ id, starts, rest, least }) => {
  const parts = samples(rest).filter((part) => !isPlaceholderLike(part.slice(0, least)));

  it.each(starts)("%s…: is found between quotes, after a key, in a line of its own", (start) => {
    expect(parts.length).toBeGreaterThan(6);
    for (const part of parts)
      for (const around of [`"${start}${part}"`, `KEY=${start}${part} `, `a\n${start}${part}\nb`, `(${start}${part})`])
        expect([around, isFound(around, id)]).toEqual([around, true]);
  });

  it.each(starts)("%s…: is not found shortened, inside a word, or without its start", (start) => {
    for (const part of parts)
      for (const other of [
        start + part.slice(0, least - 1),
        `x${start}${part}`,
        part.slice(0, least - 1),
        `${start} ${part}`,
      ])
        expect([other, isFound(other, id)]).toEqual([other, false]);
  });
});

/** What the test's own samples may look like by chance. */
function isPlaceholderLike(part: string): boolean {
  return new Set(part).size <= 8;
}

it("the list of formats is the public set's, each of its rules at one place", () => {
  expect(FORMAT_SOURCE.version).toMatch(/^\d+\.\d+\.\d+$/);
  const ids = CREDENTIAL_FORMATS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const starts = CREDENTIAL_FORMATS.flatMap(({ starts }) => starts);
  expect(new Set(starts).size).toBe(starts.length);
  const page = readFileSync(path.resolve("docs/secrets.md"), "utf8");
  expect(page).toContain(
    `[${FORMAT_SOURCE.name} ${FORMAT_SOURCE.version}](${FORMAT_SOURCE.url}) (${FORMAT_SOURCE.license})`,
  );
  const rows = page.split("\n").map((line) => line.replace(/ +/g, " ").trim());
  for (const { id, starts, least, covers } of CREDENTIAL_FORMATS) {
    const row = `| \`${id}\` | ${starts.map((start) => `\`${start}\``).join(" ")} | ${covers.join(", ") || "Gatehouse's own"} |`;
    expect([id, least > 0, rows.filter((line) => line === row || line.includes(`| \`${id}\` |`))]).toEqual([
      id,
      true,
      [row],
    ]);
  }
});
