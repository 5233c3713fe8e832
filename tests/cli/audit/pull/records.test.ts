import { readFileSync, writeFileSync } from "node:fs";
import { newPart, openRecords } from "../../../../cli/audit/pull/records";
import { chained, entry, headOf, pulled } from "../support/trail";

let lines: string[];
beforeAll(async () => {
  lines = await chained(Array.from({ length: 6 }, (_, i) => entry({ requestId: `r-${i}` })));
});
const text = (from: number, to: number): string => lines.slice(from, to).join("\n") + "\n";

it("leaves out what is known at the start of an object, and keeps everything behind it as it is", () => {
  const known = headOf(lines[2]!);
  expect(newPart(text(0, 5), known)).toEqual({ text: text(3, 5), last: headOf(lines[4]!), lines: 2 });
  expect(newPart(text(0, 3), known)).toEqual({ text: "", last: known, lines: 0 });
  expect(newPart("", known)).toEqual({ text: "", last: known, lines: 0 });
  // A record that stands twice, or a line that is none, is for `verify` to find.
  const odd = `${lines[3]!}\n${lines[1]!}\nhello\n${lines[4]!}`;
  expect(newPart(odd, known)).toEqual({ text: `${odd}\n`, last: headOf(lines[4]!), lines: 4 });
});

it("takes off what an interrupted pull wrote beyond its note, and touches nothing that somebody shortened", () => {
  const files = pulled(lines.slice(0, 3));
  const whole = readFileSync(files.gate, "utf8");
  writeFileSync(files.gate, `${whole}{"v":1,"seq":4,"ts":"cut`);
  const sink = openRecords(files, Buffer.byteLength(whole));
  sink.append(text(3, 4));
  sink.close();
  expect(readFileSync(files.gate, "utf8")).toBe(text(0, 4));
  writeFileSync(files.gate, text(0, 2));
  expect(() => openRecords(files, Buffer.byteLength(whole))).toThrow(
    /gate\.ndjson: the file has \d+ bytes.*Nothing was changed/s,
  );
  expect(readFileSync(files.gate, "utf8")).toBe(text(0, 2));
});
