import type { Anthropic } from "@anthropic-ai/sdk";
import type { z } from "zod";
import * as bodies from "../../../anthropic/api/bodies";

type Beta = Anthropic["beta"];
/** What a method of the SDK takes as a body: its parameters without headers and path. */
type Sent<T, Path extends string = never> = Omit<T, "betas" | "workspace_id" | Path>;
type Create<T> = T extends { create(params: infer P): unknown } ? P : never;
type Update<T> = T extends { update(id: string, params: infer P): unknown } ? P : never;

/** Every value of `A` is one of `B`. */
type Holds<A extends B, B> = A;
type Read<S extends z.ZodType> = z.input<S>;

/** What the SDK can send, the schema can read: the compiler is the judge. */
type Checks = [
  Holds<Sent<Create<Beta["environments"]>>, Read<typeof bodies.environmentCreate>>,
  Holds<Sent<Update<Beta["environments"]>>, Read<typeof bodies.environmentUpdate>>,
  Holds<Sent<Create<Beta["vaults"]>>, Read<typeof bodies.vaultCreate>>,
  Holds<Sent<Update<Beta["vaults"]>>, Read<typeof bodies.vaultUpdate>>,
  Holds<Sent<Update<Beta["vaults"]["credentials"]>, "vault_id">, Read<typeof bodies.credentialUpdate>>,
  Holds<Sent<Create<Beta["agents"]>>, Read<typeof bodies.agentCreate>>,
  Holds<Sent<Update<Beta["agents"]>>, Read<typeof bodies.agentUpdate>>,
  Holds<Sent<Create<Beta["sessions"]>>, Read<typeof bodies.sessionCreate>>,
  Holds<Sent<Update<Beta["sessions"]>>, Read<typeof bodies.sessionUpdate>>,
  Holds<Sent<Create<Beta["deployments"]>>, Read<typeof bodies.deploymentCreate>>,
  Holds<Sent<Update<Beta["deployments"]>>, Read<typeof bodies.deploymentUpdate>>,
  Holds<Sent<Parameters<Beta["sessions"]["events"]["send"]>[1]>, Read<typeof bodies.eventSend>>,
  Holds<Sent<Parameters<Beta["vaults"]["credentials"]["create"]>[1]>, Read<typeof bodies.credentialCreate>>,
];

it("reads whatever the official client can send", () => {
  const checks: Checks["length"] = 13;
  expect(checks).toBe(13);
});

const {
  anything: _,
  controlEvents: _e,
  controlThread: _t,
  controlWebhook: _w,
  controlLimits: _l,
  controlFederation: _f,
  ...schemas
} = bodies;
it.each(Object.entries(schemas))("%s refuses a field that the API does not know", (_name, schema) => {
  const read = (schema as z.ZodType).safeParse({ unknown_field: true });
  expect(read.error?.issues).toContainEqual(
    expect.objectContaining({ code: "unrecognized_keys", keys: ["unknown_field"] }),
  );
});
