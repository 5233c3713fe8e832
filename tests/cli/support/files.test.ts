import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressFrom } from "../../../cli/support/address";
import { CouldNotRun } from "../../../cli/support/exit";
import { readNamedFile, writeNamedFile } from "../../../cli/support/files";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gatehouse-files-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(CouldNotRun);
    return (error as Error).message;
  }
  throw new Error("it did not throw");
};

describe("a file that a person named", () => {
  it("is written, appended to and read", () => {
    const file = join(dir, "a");
    writeNamedFile(file, "one\n");
    writeNamedFile(file, "two\n", "a");
    expect(readNamedFile(file).toString("utf8")).toBe(readFileSync(file, "utf8"));
    expect(readNamedFile(file).toString("utf8")).toBe("one\ntwo\n");
  });

  it("is named with the reason when it cannot be used", () => {
    expect(messageOf(() => readNamedFile(join(dir, "b"), "b"))).toBe(
      "b: the file cannot be read: no such file or folder",
    );
    expect(messageOf(() => readNamedFile(dir, "d"))).toBe("d: the file cannot be read: this is a folder, not a file");
    expect(messageOf(() => writeNamedFile(join(dir, "no/where"), ""))).toMatch(
      /no\/where: the file cannot be written: no such file or folder$/,
    );
  });
});

describe("an address of the environment", () => {
  it("is taken without slashes at its end, and may be missing", () => {
    expect(addressFrom({ X: "https://vault.example:8200//" }, "X")).toBe("https://vault.example:8200");
    expect(addressFrom({ X: "" }, "X")).toBeUndefined();
    expect(addressFrom({}, "X")).toBeUndefined();
  });

  it.each(["foo", "vault.example:8200", "ftp://a.example", "//a.example"])("%j is refused by its name", (value) => {
    expect(messageOf(() => addressFrom({ VAULT_ADDR: value }, "VAULT_ADDR"))).toBe(
      `VAULT_ADDR: ${JSON.stringify(value)} is not an address; give one such as https://host.example`,
    );
  });
});
