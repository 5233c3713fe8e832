import { gateConstantUpstream } from "../../../policy/rules/gateConstantUpstream";
import { agentPolicy } from "../support/gatePolicy";
import { said, worker } from "../support/declare";

const gate = (upstream: object) => worker("GATEHOUSE_POLICY", { ...agentPolicy(), upstream });
const SERVER = {
  api: "https://ghes.acme.dev/api/v3",
  graphql: "https://ghes.acme.dev/api/graphql",
  git: "https://ghes.acme.dev",
};

describe("gate-constant-upstream", () => {
  it("holds for github.com and for a server of one's own", () => {
    expect(said(gateConstantUpstream, worker("GATEHOUSE_POLICY", agentPolicy()), gate(SERVER))).toEqual([]);
  });

  it.each([
    [{ ...SERVER, git: "http://ghes.acme.dev" }, "The upstream git is not https."],
    [{ ...SERVER, git: "https://elsewhere.example" }, "The upstreams are on different hosts."],
    [{ ...SERVER, api: "https://user@ghes.acme.dev/api/v3" }, "The upstream api carries a user name."],
    [{ ...SERVER, graphql: "anything" }, "The upstream graphql is no address."],
  ])("refuses %j", (upstream, message) => {
    expect(said(gateConstantUpstream, gate(upstream))).toEqual([message]);
  });
});
