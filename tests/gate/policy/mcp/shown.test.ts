import fc from "fast-check";
import { fileParts, mutationParts } from "../../../../gate/policy/mcp/shown";

const inLines = (bytes: Buffer): string => bytes.toString("base64").replace(/.{60}/g, "$&\n");
const file = (bytes: Buffer, more: object = {}): string =>
  JSON.stringify({
    type: "file",
    path: "docs/a.md",
    size: bytes.length,
    sha: "abc",
    encoding: "base64",
    content: inLines(bytes),
    ...more,
  });
const about = (size: number): string => `docs/a.md: ${size} bytes, sha abc.`;

describe("a file", () => {
  it("is shown as what it is, and its text exactly", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = Buffer.from(text);
        const { parts } = fileParts(file(bytes));
        if (text.includes("\0"))
          expect(parts).toEqual([`${about(bytes.length)} It is no text in UTF-8. Read it with git.`]);
        else expect(parts).toEqual(text === "" ? [about(0)] : [about(bytes.length), bytes.toString()]);
      }),
    );
  });

  it("keeps a byte order mark and the ends of lines", () => {
    expect(fileParts(file(Buffer.from("\ufeffa\r\nb\n"))).parts[1]).toBe("\ufeffa\r\nb\n");
  });

  it.each([
    ["is no UTF-8", file(Buffer.from([0xff, 0xfe, 0x41])), [`${about(3)} It is no text in UTF-8. Read it with git.`]],
    [
      "is larger than GitHub shows",
      file(Buffer.from(""), { size: 2_000_000, encoding: "none" }),
      [`${about(2_000_000)} It is too large to be shown here. Read it with git.`],
    ],
  ])("that %s is only named", (_what, answer, parts) => {
    expect(fileParts(answer).parts).toEqual(parts);
  });

  it.each([
    ["the list of a folder", '[{"type":"file","path":"a"}]'],
    ["a submodule", '{"type":"submodule","path":"a"}'],
    ["base64 of which a part was removed", file(Buffer.from(""), { content: "aGk[removed by gatehouse]=" })],
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["null", "null"],
  ])("%s stays as it came", (_what, answer) => {
    expect(fileParts(answer).parts).toEqual([answer]);
  });
});

describe("a mutation", () => {
  it("shows what was made", () => {
    expect(mutationParts('{"data":{"createCommitOnBranch":{"commit":{"oid":"a"}}}}')).toEqual({
      parts: ['{"commit":{"oid":"a"}}'],
    });
  });

  it("that GitHub refused is an error, whatever the status", () => {
    const answer =
      '{"data":{"createCommitOnBranch":null},"errors":[{"type":"STALE_DATA","message":"Pull."},{"message":"Try again."}]}';
    expect(mutationParts(answer)).toEqual({
      parts: ["GitHub refused, and nothing was changed: Pull. Try again."],
      isError: true,
    });
  });
});
