import { readSnapshot } from "../../../cli/report/snapshot";
import { recorded } from "./support/recorded";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
type Json = Record<string, unknown>;
interface Export {
  deployment: { resources: { type: string; outputs: Json }[] };
}
const read = (): Export => JSON.parse(recorded("1-create.export.json")) as Export;
const password = (state: Export): Json =>
  state.deployment.resources.find(({ type }) => type.endsWith(":RandomPassword"))?.outputs ?? {};
const SHOWN = /^b\.json: this file shows secrets in clear; run the command again without --show-secrets/;

it("takes files whose secrets are encrypted or masked", () => {
  expect(readSnapshot(recorded("1-create.export.json"), "b.json").resources.length).toBeGreaterThan(30);
  expect(readSnapshot(recorded("3-widen.preview.json"), "b.json").resources.length).toBeGreaterThan(5);
});

it.each<[string, (state: Export) => void]>([
  [
    "an export with the text of a secret",
    (state) => (password(state).result = { [SIGNATURE]: "1b47", plaintext: '"x"' }),
  ],
  ["a password that is a plain text", (state) => (password(state).result = "hunter2-in-clear")],
])("refuses %s, and does not quote it", (_, change) => {
  const state = read();
  change(state);
  expect(() => readSnapshot(JSON.stringify(state), "b.json")).toThrow(SHOWN);
  expect(() => readSnapshot(JSON.stringify(state), "b.json")).not.toThrow(/hunter2/);
});

it("keeps the configuration of providers, masked, and what is guarded", () => {
  const state = read();
  const { providers } = readSnapshot(JSON.stringify(state), "b.json");
  expect(providers?.map(({ type }) => type)).toContain("pulumi:providers:github");
});
