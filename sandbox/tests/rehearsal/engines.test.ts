import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chooseEngine, findPulumi, missingPlugins, wantedPlugins } from "../../rehearsal/engines";
import { gatehouse } from "../../../tests/support/sandbox";

const PLUGINS = Object.entries(wantedPlugins()).map(([name, version]) => ({ name, kind: "resource", version }));

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "gatehouse-path-"));
});
afterEach(() => {
  rmSync(bin, { recursive: true });
});
/** A PATH with the system's own programs and, before them, the scripts of a test. */
const withPrograms = (scripts: Record<string, string>): NodeJS.ProcessEnv => {
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { PATH: `${bin}:/usr/bin:/bin` };
};
/** A CLI that answers the two questions. */
const cli = (plugins: object[], version = "v3.274.1"): string =>
  `case "$1" in version) echo "${version}";; plugin) echo '${JSON.stringify(plugins)}';; *) exit 9;; esac`;

describe("the engine of a rehearsal", () => {
  it.each<[title: string, scripts: Record<string, string>, lack: RegExp]>([
    ["nothing of Pulumi", {}, /no `pulumi` on PATH/],
    ["a pulumi that does not run", { pulumi: "exit 3" }, /does not answer `pulumi version`/],
    ["the CLI alone", { pulumi: cli(PLUGINS) }, /no `pulumi-language-nodejs` on PATH/],
    [
      "no plugins",
      { pulumi: cli([]), "pulumi-language-nodejs": "" },
      /plugins are missing: cloudflare .*vault .*`pulumi install`/,
    ],
    [
      "a plugin of another version",
      { pulumi: cli([...PLUGINS.slice(1), { ...PLUGINS[0], version: "0.0.1" }]), "pulumi-language-nodejs": "" },
      /plugins are missing: cloudflare \d/,
    ],
    ["an answer that is no list", { pulumi: `echo v3`, "pulumi-language-nodejs": "" }, /plugins are missing/],
  ])("is the sandbox's where there is %s, and says so", async (_title, scripts, lack) => {
    const env = withPrograms(scripts);
    expect(await chooseEngine(undefined, env)).toEqual({ lack: expect.stringMatching(lack) as string });
    await expect(chooseEngine("pulumi", env)).rejects.toThrow(/^--engine pulumi: .*--engine sandbox/s);
  });

  it("is Pulumi where all of it is there, unless the sandbox's is asked for", async () => {
    const env = withPrograms({ pulumi: cli(PLUGINS), "pulumi-language-nodejs": "" });
    expect(await findPulumi(env)).toEqual({ version: "v3.274.1" });
    expect(await chooseEngine("pulumi", env)).toEqual({ version: "v3.274.1" });
    expect(await chooseEngine("sandbox", env)).toEqual({ lack: "asked for with --engine sandbox" });
  });

  it("names a version also for a CLI that prints none, as one without a release does", async () => {
    const env = withPrograms({ pulumi: cli(PLUGINS, ""), "pulumi-language-nodejs": "" });
    expect(await findPulumi(env)).toEqual({ version: "(unnamed version)" });
  });

  it("knows plugins by name and version", () => {
    expect(missingPlugins(JSON.stringify(PLUGINS), wantedPlugins())).toEqual([]);
    expect(missingPlugins("[]", { github: "6.15.0" })).toEqual(["github 6.15.0"]);
  });

  it("refuses before anything starts when Pulumi is asked for and is not there", async () => {
    const running = gatehouse(["sandbox", "rehearse", "--engine", "pulumi"], {
      env: { PATH: `${dirname(process.execPath)}:${bin}`, NO_COLOR: "1" },
    });
    expect(await running.exited).toBe(2);
    expect(running.stderr()).toMatch(/^--engine pulumi: /);
    expect(running.stdout()).toBe("");
  });
});
