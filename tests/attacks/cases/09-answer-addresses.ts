import { answered, twin } from "./build";
import type { CaseFile } from "../support/types";

const API = { target: "/repos/acme/api/issues" };
const LINK = "filter:answer-link";
const URLS = "filter:answer-url";
const link = (id: string, title: string, value: string, forbid: readonly string[]) => answered(`9.link-${id}`, title, LINK, API, [{ headers: { link: value } }], { status: 200, forbid, forbidHeaders: ["link"] });

export const answerAddresses: CaseFile = {
  class: 9,
  attacks: [
    link("foreign", "a next page on a foreign host", "<https://evil.example/repos/acme/api/issues?page=2>; rel=\"next\"", ["evil.example"]),
    link("lookalike", "a next page whose host only begins like the API's", "<{hostile}.evil.example/api/v3/x>; rel=\"next\"", ["evil.example"]),
    link("user-info", "a next page with the API's host as a user", "<http://{hostileHost}@evil.example/api/v3/x>; rel=\"next\"", ["evil.example"]),
    link("prefix", "a next page whose path only begins like the API's", "<{hostile}/api/v3evil/x>; rel=\"next\"", ["api/v3evil"]),
    link("web", "a next page on the web pages", "<{hostile}/acme/secrets>; rel=\"next\"", ["secrets"]),
    link("unlisted-id", "a next page of a repository that is not listed", "<{hostile}/api/v3/repositories/{secretsId}/issues?page=2>; rel=\"next\"", ["{secretsId}"]),
    link("foreign-id", "a next page of another organization's repository", "<{hostile}/api/v3/repositories/{vaultId}/issues?page=2>; rel=\"next\"", ["{vaultId}"]),
    link("script", "a next page that is a script", "<javascript:alert(1)>; rel=\"next\"", ["javascript"]),
    link("relative", "a next page without a host", "<//evil.example/x>; rel=\"next\"", ["evil.example"]),
    link("broken", "a Link that is none", "{hostile}/api/v3/repos/acme/secrets", ["secrets"]),
    link("preload", "a resource to load", "<https://evil.example/x.js>; rel=\"preload\"; as=\"script\"", ["evil.example"]),
    answered("9.link-mixed", "a foreign page among good ones", LINK, API, [{ headers: { link: "<{hostile}/api/v3/repos/acme/api/issues?page=2>; rel=\"next\", <https://evil.example/x>; rel=\"last\"" } }],
      { status: 200, forbid: ["evil.example"], demandHeaders: { link: "<{gate}/repos/acme/api/issues?page=2>; rel=\"next\"" } }),
    answered("9.link-id", "a page by number comes back by name", LINK, API, [{ headers: { link: "<{hostile}/api/v3/repositories/{apiId}/issues?page=2>; rel=\"next\"" } }], { status: 200, forbid: ["{hostile}"], demandHeaders: { link: "<{gate}/repos/acme/api/issues?page=2>; rel=\"next\"" } }),
    answered("9.link-splitting", "a next page that would split the header", LINK, API, [{ headers: { link: "<{hostile}/api/v3/x%0d%0aset-cookie:a=b>; rel=\"next\"" } }], { status: 200, forbidHeaders: ["set-cookie"] }),
    answered("9.body-url", "addresses of the API in a body", URLS, API, [{ body: "{\"url\":\"{hostile}/api/v3/repos/acme/api\",\"next\":\"{hostile}/api/v3/user\"}" }], { status: 200, forbid: ["{hostile}/api/v3"], demand: "\"{gate}/repos/acme/api\"" }),
    answered("9.body-template", "a templated address", URLS, API, [{ body: "{\"url\":\"{hostile}/api/v3/repos/acme/api/git/trees{/sha}\"}" }], { status: 200, forbid: ["{hostile}/api/v3"] }),
    answered("9.body-bare", "the API's own address", URLS, API, [{ body: "{\"url\":\"{hostile}/api/v3\"}" }], { status: 200, forbid: ["{hostile}/api/v3"] }),
    answered("9.body-clone", "the clone address of a listed repository", URLS, API, [{ body: "{\"clone_url\":\"{hostile}/acme/api.git\"}" }], { status: 200, forbid: ["{hostile}/acme/api.git"], demand: "\"{gate}/acme/api.git\"" }),
    answered("9.body-prefix", "the prefix of an Enterprise Server stays in its addresses", URLS, { target: "/api/v3/repos/acme/api" }, [{ body: "{\"url\":\"{hostile}/api/v3/repos/acme/api\"}" }], { status: 200, demand: "\"{gate}/api/v3/repos/acme/api\"" }),
    answered("9.host-header", "addresses by a forged host name lead nowhere new", URLS, { target: "/repos/acme/api", headers: [["Host", "{host}"]] }, [{ body: "{\"url\":\"{hostile}/api/v3/repos/acme/api\"}" }], { status: 200, forbid: ["{hostile}/api/v3"] }),
    answered("9.sourcemap", "other headers that lead elsewhere", "filter:answer-headers", API, [{ headers: { sourcemap: "https://evil.example/x", "report-to": "{\"url\":\"https://evil.example\"}", nel: "{}", "alt-svc": "h3=\"evil.example:443\"", "content-security-policy": "report-uri https://evil.example", "access-control-allow-origin": "*" } }],
      { status: 200, forbid: ["evil.example"], forbidHeaders: ["sourcemap", "report-to", "nel", "alt-svc", "content-security-policy", "access-control-allow-origin"] }),
  ],
  twins: [
    twin("9.twin-next", "a next page of a listed repository", 200, { target: "/repos/acme/api/issues?per_page=1" }),
    twin("9.twin-text", "an address quoted inside a text stays as it was written", 200, API, undefined, { gate: "hostile", hostile: [{ body: "{\"body\":\"see \\\"{hostile}/api/v3/repos\\\"\"}" }] }),
  ],
};
