import { VaultClient, type VaultCall, type VaultLogin } from "../../edge/vault";

const APP_ROLE: VaultLogin = { kind: "approle", mount: "gate-approle", roleId: "role", secretId: "secret" };

/** A Vault that gives out sessions s1, s2, … and answers everything else from `answers`, 200 when there is none. */
function setUp(login: VaultLogin, { lease, answers = [] }: { lease?: unknown; answers?: number[] } = {}) {
  const calls: VaultCall[] = [];
  let sessions = 0;
  const clock = { now: 1000 };
  const client = new VaultClient({ address: "https://vault", namespace: "team" }, login, {
    send: (call) => {
      calls.push(call);
      const body = call.url.endsWith("/login")
        ? { auth: { client_token: `s${(sessions += 1)}`, lease_duration: lease } }
        : {};
      const status = call.url.endsWith("/login") ? 200 : (answers.shift() ?? 200);
      return Promise.resolve({ status, json: () => body });
    },
    loginRefused: ({ status }) => new Error(`refused ${status}`),
    now: () => clock.now,
  });
  const tokens = () =>
    calls.filter(({ url }) => !url.endsWith("/login")).map(({ headers }) => headers["x-vault-token"]);
  return { calls, client, clock, tokens };
}

it("signs in with an AppRole and asks in the namespace", async () => {
  const { calls, client } = setUp(APP_ROLE);
  expect((await client.send("GET", "agents/data/x", "read it")).status).toBe(200);
  expect(calls).toEqual([
    {
      method: "POST",
      url: "https://vault/v1/auth/gate-approle/login",
      what: "log in",
      headers: { "x-vault-request": "true", "x-vault-namespace": "team", "content-type": "application/json" },
      json: { role_id: "role", secret_id: "secret" },
    },
    {
      method: "GET",
      url: "https://vault/v1/agents/data/x",
      what: "read it",
      headers: { "x-vault-token": "s1", "x-vault-request": "true", "x-vault-namespace": "team" },
    },
  ]);
});

it("keeps its session for four fifths of its time", async () => {
  const { client, clock, tokens } = setUp(APP_ROLE, { lease: 100 });
  await client.send("GET", "x", "read");
  clock.now += 79_999;
  await client.send("GET", "x", "read");
  clock.now += 1;
  await client.send("GET", "x", "read");
  expect(tokens()).toEqual(["s1", "s1", "s2"]);
});

it("keeps a session without a stated end until Vault refuses it, and asks twice at most", async () => {
  const { client, clock, tokens } = setUp(APP_ROLE, { lease: 0, answers: [200, 403, 403] });
  await client.send("GET", "x", "read");
  clock.now += 1e9;
  expect((await client.send("GET", "x", "read")).status).toBe(403);
  expect(tokens()).toEqual(["s1", "s1", "s2"]);
});

it("does not sign in again with a token that was given, nor where one try was asked for", async () => {
  const given = setUp({ kind: "token", token: "given" }, { answers: [403] });
  expect((await given.client.send("GET", "x", "read")).status).toBe(403);
  expect(given.calls.length).toBe(1);
  const once = setUp(APP_ROLE, { answers: [403] });
  expect((await once.client.sendOnce("GET", "x", "read")).status).toBe(403);
  expect(once.tokens()).toEqual(["s1"]);
});

it.each([[{}], [{ auth: null }], [{ auth: { client_token: 7 } }], [{ auth: { client_token: "" } }]])(
  "says that it was not let in when the answer is %j",
  async (body) => {
    const client = new VaultClient({ address: "https://vault" }, APP_ROLE, {
      send: () => Promise.resolve({ status: 200, json: () => body }),
      loginRefused: ({ status }) => new Error(`refused ${status}`),
      now: () => 0,
    });
    await expect(client.send("GET", "x", "read")).rejects.toThrow("refused 200");
  },
);

it("shows the identity token of a job, asked for at each sign-in", async () => {
  let asked = 0;
  const jwt = () => Promise.resolve(`jwt${(asked += 1)}`);
  const { calls, client } = setUp({ kind: "jwt", mount: "ci", role: "rotator", jwt }, { answers: [403] });
  await client.send("PATCH", "x", "annotate", { a: 1 }, "application/merge-patch+json");
  expect(calls.map(({ json }) => json)).toEqual([
    { role: "rotator", jwt: "jwt1" },
    { a: 1 },
    { role: "rotator", jwt: "jwt2" },
    { a: 1 },
  ]);
  expect(calls[1]?.headers["content-type"]).toBe("application/merge-patch+json");
});
