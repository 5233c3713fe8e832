import * as net from "node:net";
import { compile } from "../../../gate/policy/compiled";
import { judgeTarget } from "../../../gate/policy/target";
import { startGate, type Gate } from "../../gate/support/gate";

let gate: Gate | undefined;

export async function openGate(): Promise<void> {
  gate = await startGate();
}

export async function closeGate(): Promise<void> {
  await gate?.stop();
}

/**
 * Bytes to the gate over a socket of one's own, so that no client repairs them; the status of the answer, 0 when there
 * is none.
 */
function sendRaw(port: number, text: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.end(Buffer.from(text, "latin1")));
    let answer = "";
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (bytes: Buffer) => (answer += bytes.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)));
  });
}

/**
 * Of a request as bytes, GitHub sees the very target that was judged, with the gate's own headers and nothing of the
 * agent's credentials; or it sees nothing.
 */
export async function githubSeesWhatWasJudged({
  method,
  target,
  headers,
}: {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
}): Promise<boolean> {
  const open = gate;
  if (open === undefined) throw new Error("the gate is not open");
  open.upstream.reset();
  const { host, port } = new URL(open.url);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${open.key}`,
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  const status = await sendRaw(Number(port), `${lines.join("\r\n")}\r\n\r\n`);
  const seen = open.upstream.received;
  if (seen.length === 0) {
    if (status >= 200 && status < 300) throw new Error(`answered ${status}, and GitHub saw nothing`);
    return false;
  }
  if (seen.length > 1) throw new Error(`GitHub saw ${seen.length} requests`);
  const [{ method: sentMethod, url: sentUrl, headers: sent }] = seen as [(typeof seen)[number]];
  if (sentMethod !== method) throw new Error(`GitHub saw ${sentMethod}`);
  // Clients that send a fragment mean the target without it.
  const judged = judgeTarget(compile(open.policy), method, target.split("#")[0] ?? "");
  if (judged.refusal !== undefined) {
    // workerd resolves dots and encodes before the gate sees the target; then what it saw is what counts, and must be
    // canonical itself.
    const again = judgeTarget(compile(open.policy), method, sentUrl);
    if (again.refusal !== undefined || again.sent !== sentUrl.replace(/^\/api\/v3/, ""))
      throw new Error(`GitHub saw ${sentUrl}, which the gate refuses (${again.refusal?.rule})`);
  } else if (sentUrl !== `/api/v3${judged.sent}`) throw new Error(`judged ${judged.sent}, and GitHub saw ${sentUrl}`);
  if (sent.authorization !== `Bearer ${open.token}` || JSON.stringify(sent).includes(open.key))
    throw new Error("another credential than the token");
  for (const name of Object.keys(sent))
    if (
      ![
        "authorization",
        "accept",
        "user-agent",
        "x-github-api-version",
        "if-none-match",
        "if-modified-since",
        "host",
        "connection",
        "accept-encoding",
        "cf-worker",
        "content-length",
        "transfer-encoding",
        "cache-control",
        "pragma",
      ].includes(name)
    )
      throw new Error(`GitHub saw the header ${name}`);
  return true;
}
