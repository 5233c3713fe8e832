import { inspectModule } from "../../../cloudflare/scripts/inspect";

describe("looking into a module", () => {
  const inspect = (source: string): ReturnType<typeof inspectModule> =>
    inspectModule({
      name: "i.js",
      type: "ESModule",
      contentType: "application/javascript+module",
      content: Buffer.from(source),
    });
  it.each([
    ["export default { fetch() {}, async scheduled() {} }", ["fetch", "scheduled"], []],
    [
      "class A {} const h = { fetch: async (r) => new Response(), queue(b) {} }; export { h as default, A as Ledger }",
      ["fetch", "queue"],
      ["Ledger"],
    ],
    ["var w={async fetch(e,t,n){return fetch(e)}};export{w as default}", ["fetch"], []],
    ["export class A {} ", [], ["A"]],
    [
      "import { DurableObject } from 'cloudflare:workers'; import x from './other.js'; export class A extends DurableObject {}; export default { fetch: handle }; function handle() { return fetch(x) }",
      ["fetch"],
      ["A"],
    ],
  ])("%s", async (source, handlers, classes) => expect(await inspect(source)).toEqual({ handlers, classes }));
  it("says where it cannot be parsed", async () =>
    expect(inspect("export default {")).rejects.toMatchObject({
      status: 400,
      errors: [{ code: 10021, message: expect.stringContaining("i.js:1") as string }],
    }));
});
