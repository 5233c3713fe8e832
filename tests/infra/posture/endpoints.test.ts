import fc from "fast-check";
import { endpoints, isGitHubDotCom } from "../../../infra/posture";

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
