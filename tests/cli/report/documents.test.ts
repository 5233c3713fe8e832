import fc from "fast-check";
import { findDocument } from "../../../cli/report/documents";

const PREVIEW = JSON.stringify({ steps: [{ op: "same", text: 'a "quoted" } brace {' }] }, null, 4);
const find = (text: string): unknown => findDocument(text, "f.json");

describe("the document in a text", () => {
  it.each([
    ["alone", PREVIEW],
    ["on one line", JSON.stringify(JSON.parse(PREVIEW))],
    ["behind a byte order mark", `\uFEFF${PREVIEW}`],
    ["with Windows line ends", PREVIEW.replaceAll("\n", "\r\n")],
    ["after a banner", `> gatehouse@0.1.0 preview\n> pulumi preview --json\n\n${PREVIEW}`],
    ["before a hint", `${PREVIEW}\nA new version of Pulumi is available {3.276.0}\n`],
    ["between lines of logs that are JSON too", `{"level":"info"}\n${PREVIEW}\n{"level":"warn"}\n`],
    ["after a brace that nothing closes", `{ warning\n${PREVIEW}`],
    ["behind text on its own line", `Previewing update (dev): ${JSON.stringify(JSON.parse(PREVIEW))} done`],
  ])("is found %s", (_title, text) => {
    expect(find(text)).toEqual({ kind: "preview", digest: JSON.parse(PREVIEW) as unknown });
  });

  it("is never a part of a document that was cut off", () => {
    const hidden = { deployment: { resources: [], note: { steps: [] } } };
    for (const whole of [
      JSON.stringify({ outer: hidden, more: 1 }),
      JSON.stringify({ outer: hidden, more: 1 }, null, 4),
    ])
      for (let end = 1; end < whole.length; end++)
        expect(() => find(whole.slice(0, end))).toThrow(/^f\.json: not JSON/);
  });

  it("is one", () => {
    expect(() => find(`${PREVIEW}\n${PREVIEW}`)).toThrow(/holds 2 documents/);
    expect(() => find(`${PREVIEW}\n{"deployment":{}}`)).toThrow(/holds 2 documents/);
  });

  it("is never quoted in a refusal", () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        const text = `hunter2 ${noise}\n{"hunter2": "${noise}`;
        let said = "";
        try {
          find(text);
        } catch (error) {
          said = (error as Error).message;
        }
        expect(said).toMatch(/^f\.json: /);
        expect(said).not.toContain("hunter2");
      }),
    );
  });

  it("is found whatever stands around it, as long as no line there is a document", () => {
    const noise = fc.string().map((text) => text.replaceAll(/[{\uFEFF]/g, "").replaceAll(/\n/g, " "));
    fc.assert(
      fc.property(noise, noise, fc.jsonValue(), (above, below, value) => {
        const digest = { steps: [{ value }] };
        expect(find(`${above}\n${JSON.stringify(digest, null, 4)}\n${below}\n`)).toEqual({
          kind: "preview",
          digest: JSON.parse(JSON.stringify(digest)) as unknown,
        });
      }),
    );
  });

  it("is found in time, with modules of megabytes in it", () => {
    const long = `${'\\"{}\n'.repeat(400_000)}`;
    const digest = { steps: [{ long }] };
    const started = Date.now();
    expect(find(`note\n${JSON.stringify(digest)}`)).toEqual({ kind: "preview", digest });
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});
