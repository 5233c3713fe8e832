#!/usr/bin/env bash
# Anthropic's SDK repeats a create whose answer was lost, and a conflict that stays one.
#
# Seen with @anthropic-ai/sdk 1.14.0. By default it sends a request again after a broken connection, a 5xx, a 408, a 429 and
# a 409. That is stated, and harmless for a read. A create (POST /v1/agents) carries nothing by which the server could know
# the second one for the first, no idempotency key, so an answer that is lost leaves two agents, and an agent cannot be
# deleted. A 409 of the version lock (`version` in the body of an update) cannot become a success by waiting; it is sent
# three times all the same.
# Way out: `maxRetries: 0` for creates and locked updates, and a look-up (by name or metadata) before a second try.
#
# Installs the package from npm into a temporary folder and asks a server on this machine. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @anthropic-ai/sdk@1.14.0 >/dev/null
cat > ask.js <<'JS'
const { Anthropic } = require("@anthropic-ai/sdk");
const { createServer } = require("node:http");
const seen = [];
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    seen.push({ path: request.url, key: request.headers["idempotency-key"] });
    const first = seen.filter(({ path }) => path === request.url).length === 1;
    if (request.url === "/v1/agents" && first) return request.socket.destroy(); // it took effect; the answer is lost
    const conflict = request.url !== "/v1/agents";
    response.writeHead(conflict ? 409 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(conflict ? { type: "error", error: { type: "conflict_error", message: "stale" } } : { id: "agent_2" }));
  });
});
server.listen(0, "127.0.0.1", async () => {
  const { agents } = new Anthropic({ baseURL: `http://127.0.0.1:${server.address().port}`, apiKey: "none", logLevel: "off" }).beta;
  const made = await agents.create({ name: "a", model: "claude-opus-5-5" });
  const status = await agents.update("agent_1", { version: 1, name: "b" }).catch((error) => error.status);
  const creates = seen.filter(({ path }) => path === "/v1/agents");
  console.log(`create: ${creates.length} requests, keys ${creates.map(({ key }) => key)}, the caller has ${made.id}`);
  console.log(`update: ${seen.length - creates.length} requests, status ${status}`);
  server.close();
  process.exitCode = creates.length === 2 && creates.every(({ key }) => key === undefined) && seen.length === 5 && status === 409 ? 0 : 1;
});
JS
echo "@anthropic-ai/sdk $(node -p "JSON.parse(require(\"fs\").readFileSync(\"node_modules/@anthropic-ai/sdk/package.json\")).version")"
node ask.js
