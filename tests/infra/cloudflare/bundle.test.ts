import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleGate } from "../../../infra";
import { bundleSources, contentTag } from "../../../infra/cloudflare/bundle";

const ROOT = join(__dirname, "../../..");
const scripts = bundleGate();

it("is the same text wherever the sources lie", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "gatehouse-bundle-"));
  try {
    for (const folder of ["cli", "edge", "gate", "infra", "rotation"])
      cpSync(join(ROOT, folder), join(elsewhere, folder), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(elsewhere, "node_modules"));
    const other = bundleSources(elsewhere);
    expect(contentTag(other.gate)).toBe(contentTag(scripts.gate));
    expect(contentTag(other.ledger)).toBe(contentTag(scripts.ledger));
    expect(contentTag(other.rotator)).toBe(contentTag(scripts.rotator));
    expect(scripts.gate + scripts.ledger + scripts.rotator).not.toContain(ROOT);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

it("is one module each, for the Workers runtime alone", () => {
  for (const [name, text] of Object.entries(scripts)) {
    const imports = [...text.matchAll(/^import .*? from "([^"]+)";$/gm)].map((match) => match[1]);
    expect([name, imports.filter((from) => !from?.startsWith("cloudflare:"))]).toEqual([name, []]);
    expect([name, /\brequire\(/.test(text)]).toEqual([name, false]);
  }
  expect(scripts.gate).toMatch(/export \{[^}]*\bdefault\b/);
  expect(scripts.ledger).toMatch(/export \{[^}]*\bLedger\b/);
});

it("is small enough to start fast", () => {
  expect(gzipSync(scripts.gate).length).toBeLessThan(200_000);
  expect(gzipSync(scripts.rotator).length).toBeLessThan(60_000);
});
