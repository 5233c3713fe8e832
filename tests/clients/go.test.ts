import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installGoProgram } from "./support/go";

describe("a program from a Go module", () => {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-go-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const wanted = { name: "some-client", module: "example.com/some-client", version: "1.2.3" };
  /** An environment whose PATH has one script, before what the scripts themselves need. */
  const environment = (name: string, script: string): NodeJS.ProcessEnv => {
    const bin = mkdtempSync(join(folder, "bin-"));
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
    return { PATH: `${bin}:/bin`, XDG_CACHE_HOME: mkdtempSync(join(folder, "cache-")) };
  };

  it("is the one on PATH", () => {
    const env = environment("some-client", "exit 0");
    expect(installGoProgram(wanted, env)).toBe(join(env["PATH"]!.split(":")[0]!, "some-client"));
  });

  it("is built into the cache once, by the Go that is there and no other", () => {
    const env = environment(
      "go",
      `[ "$1" = version ] || { echo "$@ $GOTOOLCHAIN" >> "$XDG_CACHE_HOME/built"; : > "$GOBIN/some-client"; }`,
    );
    const target = join(env["XDG_CACHE_HOME"]!, "gatehouse/some-client-1.2.3/some-client");
    expect([installGoProgram(wanted, env), installGoProgram(wanted, env)]).toEqual([target, target]);
    expect(readFileSync(join(env["XDG_CACHE_HOME"]!, "built"), "utf8")).toBe(
      "install example.com/some-client@v1.2.3 local\n",
    );
  });

  it.each([
    ["no Go", "other", "exit 0", "some-client is not on PATH, and no Go that could build it"],
    [
      "a proxy that does not have it",
      "go",
      `[ "$1" = version ] || { echo "first"; echo "403 Forbidden" >&2; exit 1; }`,
      "some-client is not on PATH, and Go did not build 1.2.3: 403 Forbidden",
    ],
    [
      "a build that leaves nothing",
      "go",
      "exit 0",
      "some-client is not on PATH, and Go did not build 1.2.3: it left no program",
    ],
  ])("says why it is not there: %s", (_name, program, script, reason) => {
    expect(() => installGoProgram(wanted, environment(program, script))).toThrow(reason);
  });
});
