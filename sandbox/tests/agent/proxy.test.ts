import { createServer, request as plain, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { ProxyAgent, request } from "undici";
import type { Egress, EgressSecret } from "../../anthropic";
import { certificateFor } from "../../agent/certificate";
import { startEgress, type EgressProxy } from "../../agent/proxy";

const GATE = "gate.acme.dev";
const SECRET: EgressSecret = {
  name: "KEY",
  placeholder: "placeholder_1",
  value: "ghk_secret",
  hosts: [GATE],
  header: true,
  body: false,
};
const certificate = certificateFor([GATE, "elsewhere.dev"]);

/** A host that answers with what reached it. */
async function echo(name: string): Promise<Server> {
  const server = createServer((incoming, answer) => {
    void text(incoming).then((body) => {
      const { method, url, headers } = incoming;
      answer.writeHead(201, { "x-name": name }).end(JSON.stringify({ name, method, url, headers, body }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
const at = (server: Server, path = ""): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

let hosts: Server[];
let egress: Egress;
let proxy: EgressProxy;
beforeEach(async () => {
  hosts = [await echo("gate"), await echo("elsewhere")];
  egress = { networking: { type: "limited", allowed_hosts: [GATE] }, mcpServers: [], secrets: [SECRET] };
  const upstreams = new Map([
    [GATE, at(hosts[0]!, "/below/")],
    ["elsewhere.dev", at(hosts[1]!)],
  ]);
  proxy = await startEgress(() => egress, upstreams, certificate);
});
afterEach(async () => {
  await proxy.close();
  for (const server of hosts) server.close();
});

interface Echo {
  name: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}
async function ask(url: string, headers: Record<string, string> = {}, body?: string): Promise<Echo> {
  const dispatcher = new ProxyAgent({
    uri: proxy.url,
    requestTls: { ca: certificate.certificate },
    proxyTunnel: url.startsWith("https:"),
  });
  try {
    const answer = await request(url, {
      method: body === undefined ? "GET" : "POST",
      dispatcher,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.statusCode !== 201) throw new Error(`${answer.statusCode} ${await answer.body.text()}`);
    return (await answer.body.json()) as Echo;
  } finally {
    await dispatcher.destroy();
  }
}
const AUTHORIZATION = { authorization: "Bearer placeholder_1" };

it.each(["https", "http"])("lets %s to an allowed host through, with the secret in its headers", async (scheme) => {
  const seen = await ask(`${scheme}://${GATE}/a/b?c=d`, { ...AUTHORIZATION, accept: "x/y" }, "text placeholder_1");
  expect(seen).toMatchObject({
    name: "gate",
    method: "POST",
    url: "/below/a/b?c=d",
    headers: { authorization: "Bearer ghk_secret", accept: "x/y" },
    body: "text placeholder_1",
  });
  expect(proxy.log).toEqual([
    { method: "POST", host: GATE, path: "/a/b", reached: true, sent: ["KEY"], kept: ["KEY"] },
  ]);
});

it("puts the secret into a body where the credential says so", async () => {
  egress = { ...egress, secrets: [{ ...SECRET, body: true }] };
  expect((await ask(`https://${GATE}/`, {}, "text placeholder_1")).body).toBe("text ghk_secret");
});

it.each(["https", "http"])("lets no %s to another host out of the sandbox", async (scheme) => {
  await expect(ask(`${scheme}://elsewhere.dev/`, AUTHORIZATION)).rejects.toThrow("403");
  expect(proxy.log).toMatchObject([{ host: "elsewhere.dev", reached: false, sent: [], kept: [] }]);
});

it("sends the placeholder as it is to another host that the network allows, and has it in its log", async () => {
  egress = { ...egress, networking: { type: "unrestricted" } };
  expect((await ask("https://elsewhere.dev/", AUTHORIZATION)).headers["authorization"]).toBe("Bearer placeholder_1");
  expect(proxy.log).toMatchObject([{ host: "elsewhere.dev", reached: true, sent: [], kept: ["KEY"] }]);
  await expect(ask("https://unknown.dev/")).rejects.toThrow();
  await expect(ask("http://unknown.dev/")).rejects.toThrow("502 no such host on this machine");
});

it("goes by the tunnel's host, whatever the request inside says", async () => {
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  socket.write(`CONNECT ${GATE}:443 HTTP/1.1\r\nHost: ${GATE}\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  const secure = connectTls({ socket, servername: GATE, ca: certificate.certificate });
  secure.write("GET /x HTTP/1.1\r\nHost: elsewhere.dev\r\nConnection: close\r\n\r\n");
  expect(await text(secure)).toContain('"name":"gate"');
});

it("takes a replaced secret at once", async () => {
  await ask(`https://${GATE}/`, AUTHORIZATION);
  egress = { ...egress, secrets: [{ ...SECRET, value: "ghk_new" }] };
  expect((await ask(`https://${GATE}/`, AUTHORIZATION)).headers["authorization"]).toBe("Bearer ghk_new");
});

it("answers 400 to what is no request to a proxy", async () => {
  const answer = await new Promise<IncomingMessage>((resolve) => plain(`${proxy.url}/relative`, resolve).end());
  expect([answer.statusCode, await text(answer)]).toEqual([400, "a proxy takes whole addresses\n"]);
});

it("says so when the host does not answer", async () => {
  hosts[0]!.close();
  await expect(ask(`https://${GATE}/`)).rejects.toThrow("502 the host did not answer");
});
