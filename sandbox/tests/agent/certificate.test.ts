import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { certificateFor } from "../../agent/certificate";

const { key, certificate } = certificateFor(["gate.acme.dev", "*.acme.example"]);
const server = createServer({ key, cert: certificate }, (_request, answer) => answer.end("hello"));
let port: number;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Status of the answer under a name, or why there is none. */
const asked = (servername: string, ca?: string): Promise<string> =>
  new Promise((resolve) => {
    get({ host: "127.0.0.1", port, servername, agent: false, ...(ca === undefined ? {} : { ca }) }, (answer) => {
      answer.resume();
      resolve(String(answer.statusCode));
    }).on("error", (error: NodeJS.ErrnoException) => {
      resolve(String(error.code));
    });
  });

it("is good for its hosts, to whoever trusts it", async () => {
  expect(await asked("gate.acme.dev", certificate)).toBe("200");
  expect(await asked("a.acme.example", certificate)).toBe("200");
});

it("is good for no other host, and to nobody else", async () => {
  expect(await asked("github.com", certificate)).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await asked("gate.acme.dev")).toMatch(/SELF_SIGNED/);
  expect(await asked("gate.acme.dev", certificateFor(["gate.acme.dev"]).certificate)).toMatch(/SELF_SIGNED/);
});
