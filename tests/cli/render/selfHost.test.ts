import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processCount, renderSelfHost } from "../../../cli/render/selfHost";

it.each(["1", "2", "64"])("takes a number of processes: %s", (text) => {
  expect(processCount(text)).toBe(Number(text));
});

it.each(["0", "65", "two", "1.5", "-1", "", " 2", "0x2"])("knows what is no number of processes: %j", (text) => {
  expect(() => processCount(text)).toThrow(`--processes ${text}: give a whole number from 1 to 64`);
});

const folder = mkdtempSync(join(tmpdir(), "render-several-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("refuses what a gate in several processes cannot have, and writes nothing", async () => {
  process.env["VAULT_ADDR"] ??= "https://vault.acme.dev:8200";
  const out = join(folder, "gate");
  const options = {
    stack: "dev",
    project: join(__dirname, "../../.."),
    out,
    listen: "127.0.0.1:8788",
    workerd: "/usr/local/bin/workerd",
    user: "gatehouse",
    processes: "2",
  };
  await expect(renderSelfHost({ ...options, config: [], state: `/${"s".repeat(100)}` }, 2)).rejects.toThrow(
    "the path is too long for the processes' sockets in it; give one of at most 94 characters",
  );
  await expect(renderSelfHost({ ...options, config: [], ca: __filename }, 1)).rejects.toThrow(
    /^--ca .*selfHost\.test\.ts: has no certificate; give a file in PEM$/,
  );
  await expect(renderSelfHost({ ...options, config: [], ca: "/nowhere.pem" }, 1)).rejects.toThrow(
    "--ca /nowhere.pem: the file cannot be read: no such file or folder",
  );
  expect(existsSync(out)).toBe(false);
});
