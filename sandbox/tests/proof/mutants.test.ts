import { execFile } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../../tests/support/sandbox";

jest.setTimeout(300_000);

/** The same program as `npm run mutate:posture`, on every ninth of the locks. */
const mutate = (...args: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", join(__dirname, "../drill/mutate.ts"), ...args],
      { cwd: ROOT },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error ? 2 : 0, text: `${stdout}${stderr}` });
      },
    );
  });

it("notices each of a sample of locks that are taken away from a live posture", async () => {
  const { code, text } = await mutate("--sample");
  expect([code, text.split("\n").filter((line) => !/^(?:noticed|excused) /.test(line) && line !== "")]).toEqual([
    0,
    [expect.stringMatching(/^\d+ locks taken away one at a time, 0 unnoticed$/)],
  ]);
  expect(text.split("\n").filter((line) => line.startsWith("noticed")).length).toBeGreaterThan(5);
});
