import { createPublicKey, randomBytes, verify } from "node:crypto";
import { checkpointBytes, type Checkpoint } from "../../../../gate/policy/checkpoint";
import { ed25519PublicKey } from "../../../../infra/cloudflare/keys";
import { until } from "../../../support/until";
import { DeployedGate } from "../../support/deployed";
import { policyFor } from "../../support/policy";

const SEED = randomBytes(32).toString("base64");
let gate: DeployedGate;
beforeAll(async () => {
  gate = await DeployedGate.start();
  await gate.deploy(policyFor(gate.upstream.url), [{ name: "CHECKPOINT_KEY", type: "secret_text", text: SEED }]);
}, 60_000);
afterAll(() => gate.stop());

it("leaves a signed checkpoint with each archived object, and sends the first of an hour to the alert webhook", async () => {
  await gate.ask("/repos/acme/api");
  const trail = await gate.operate("GET", "/_gate/audit");
  const [seq = "", hash] = (trail.headers.get("x-gatehouse-audit-head") ?? "").split(" ");
  const ofHead = JSON.parse(trail.headers.get("x-gatehouse-audit-checkpoint") ?? "") as Checkpoint;
  expect(ofHead).toMatchObject({ seq: Number(seq), hash, key: ed25519PublicKey(SEED) });
  const objects = async (prefix: string): Promise<string[]> => {
    await gate.cron();
    return gate.auditObjects(prefix);
  };
  const checkpoints = await until("a checkpoint", async () => {
    const found = await objects("checkpoints/");
    return found.length > 0 ? found : undefined;
  });
  const checkpoint = JSON.parse(checkpoints[0] ?? "") as Checkpoint;
  const archived = (await objects("audit/")).join("").trimEnd().split("\n");
  const record = JSON.parse(archived[checkpoint.seq - 1] ?? "") as Checkpoint;
  expect([record.seq, record.hash]).toEqual([checkpoint.seq, checkpoint.hash]);
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: ed25519PublicKey(SEED) }, format: "jwk" });
  for (const one of [ofHead, checkpoint])
    expect(verify(null, checkpointBytes(one), key, Buffer.from(one.signature, "base64url"))).toBe(true);
  expect(await gate.alerts.of("gate.audit-checkpoint")).toMatchObject({ signed: true, data: { ...checkpoint } });

  await gate.ask("/repos/acme/api");
  await until("the next checkpoint", async () => ((await objects("checkpoints/")).length > 1 ? true : undefined));
  expect(gate.alerts.all.filter(({ type }) => type === "gate.audit-checkpoint")).toHaveLength(1);
}, 60_000);
