import fc from "fast-check";
import { endpoints, isEnterpriseServer, isGitHubDotCom } from "../../../infra/model";
import { planRotation } from "../../../infra/plans";
import { isLogin } from "../../../gate/policy/text/values";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { environment } from "../../support/environment";

describe("endpoints", () => {
  it.each([undefined, "", "https://github.com", "https://github.com/", "https://api.github.com"])(
    "of github.com: %j",
    (url) => {
      expect(endpoints(url)).toEqual({
        origin: "https://github.com",
        api: "https://api.github.com",
        graphql: "https://api.github.com/graphql",
        git: "https://github.com",
        oidcIssuer: "https://token.actions.githubusercontent.com",
      });
    },
  );

  it.each([
    "http://127.0.0.1:8080",
    "http://127.0.0.1:8080/",
    "http://127.0.0.1:8080/api/v3",
    "http://127.0.0.1:8080/api/v3/",
  ])("of a server, in every spelling that the provider takes: %s", (url) => {
    expect(endpoints(url)).toEqual({
      origin: "http://127.0.0.1:8080",
      api: "http://127.0.0.1:8080/api/v3",
      graphql: "http://127.0.0.1:8080/api/graphql",
      git: "http://127.0.0.1:8080",
      oidcIssuer: "http://127.0.0.1:8080/_services/token",
    });
  });

  it.each([
    "https://acme.ghe.com",
    "https://acme.ghe.com/",
    "https://api.acme.ghe.com",
    "https://API.Acme.ghe.com/",
    "https://acme.ghe.com/api/v3/",
  ])("of an enterprise on GHE.com, which is no server of its owner: %s", (url) => {
    expect(endpoints(url)).toEqual({
      origin: "https://acme.ghe.com",
      api: "https://api.acme.ghe.com",
      graphql: "https://api.acme.ghe.com/graphql",
      git: "https://acme.ghe.com",
      oidcIssuer: "https://token.actions.acme.ghe.com",
    });
    expect([isGitHubDotCom(url), isEnterpriseServer(url)]).toEqual([false, false]);
  });

  it.each([
    "https://acme.ghe.com:8443",
    "https://ghe.com",
    "https://api.ghe.com",
    "https://a.b.ghe.com",
    "https://acme.ghe.com/acme",
    "https://acme.ghe.com./",
  ])("are refused by name where they are none on GHE.com: %s", (url) => {
    const key = "gatehouse:githubUrl";
    expect(() => environment({ githubUrl: url })).toThrow(
      `${key}: ${url} is not the address of an enterprise on GHE.com`,
    );
  });

  it("leave a host alone that only looks like GHE.com", () => {
    for (const url of ["https://ghe.company.dev", "https://acme.ghe.com.evil.dev", "https://xghe.com"]) {
      expect(isEnterpriseServer(url)).toBe(true);
      expect(endpoints(url).api).toBe(`${url}/api/v3`);
    }
  });

  it("of GHE.com lead the whole posture there", () => {
    const posture = environment({ githubUrl: "https://acme.ghe.com" });
    const at = endpoints(posture.githubUrl);
    const policy = compilePolicy(posture, { repositories: [], endpoints: at });
    expect(policy.upstream).toEqual({ api: at.api, graphql: at.graphql, git: at.git });
    expect(policy.downloadHosts).toEqual(["acme.ghe.com", "codeload.acme.ghe.com"]);
    expect(planRotation(posture)).toMatchObject({ endpoints: { api: at.api, origin: at.origin } });
    expect(() =>
      environment({
        githubUrl: "https://acme.ghe.com",
        "agent.credential": { kind: "ghes-impersonation", expiryDays: 7 },
      }),
    ).toThrow("ghes-impersonation is possible only on a GitHub Enterprise Server");
  });

  it("never takes another host for github.com", () => {
    for (const url of [
      "https://github.com.evil.dev",
      "https://evil.dev/github.com",
      "http://github.com",
      "https://xgithub.com",
    ])
      expect(isGitHubDotCom(url)).toBe(false);
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        expect(endpoints(url).api.startsWith("https://api.github.com")).toBe(isGitHubDotCom(url));
      }),
    );
  });
});

describe("logins of Enterprise Managed Users", () => {
  it.each(["claude-bot_acme", "bot_acme1234", "a_b"])("are taken: %s", (machineUser) => {
    expect(environment({ "agent.machineUser": machineUser }).agent.machineUser).toBe(machineUser);
    expect(isLogin(machineUser)).toBe(true);
  });

  it.each(["_acme", "bot_", "bot__acme", "bot_ac-me", `${"a".repeat(35)}_acme`])("have one short code: %s", (login) => {
    expect(() => environment({ "agent.machineUser": login })).toThrow("name_code for an Enterprise Managed User");
  });

  it("are no organizations", () => {
    expect(() => environment({ organization: "acme_code" })).toThrow("gatehouse:organization: not valid: acme_code");
  });
});
