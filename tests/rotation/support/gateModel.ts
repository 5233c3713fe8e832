import { randomBytes } from "node:crypto";
import { hash, type GitHubModel, type Incoming, type Reply } from "./githubModel";

/**
 * The gate's rule for its token, without the rest of it: a token is used for at most `cacheMs` without asking the
 * store; a 401 from GitHub makes it ask again. Holding a request until the store shows another token is the world's
 * part.
 */
export class GateModel {
  readonly audit: { requestId: string; tokenSha256: string; status: number }[] = [];
  readonly cells = new Map<string, { version: number; value: string }>();
  readonly denied = new Set<string>();
  stopped = false;
  #cached: { token: string; at: number } | undefined;

  constructor(
    private readonly github: GitHubModel,
    private readonly readToken: () => Promise<string | undefined>,
    private readonly now: () => number,
    private readonly cacheMs: number,
  ) {}

  async #token(fresh = false): Promise<string | undefined> {
    if (fresh || !this.#cached || this.now() - this.#cached.at >= this.cacheMs) {
      const token = await this.readToken();
      this.#cached = token === undefined ? undefined : { token, at: this.now() };
    }
    return this.#cached?.token;
  }

  /** One request of the agent, asked again once when GitHub refuses the token. */
  async request(): Promise<{ status: number; tokenSha256: string; requestId: string }> {
    const requestId = randomBytes(6).toString("hex");
    if (this.stopped) return { status: 503, tokenSha256: "", requestId };
    let token = await this.#token();
    let status = 503;
    for (let attempt = 0; attempt < 2 && token !== undefined; attempt += 1) {
      status = this.denied.has(hash(token))
        ? 503
        : this.github.handle({
            method: "GET",
            path: "/api/v3/repos/acme/api",
            query: new URLSearchParams(),
            headers: { authorization: `Bearer ${token}` },
            body: {},
          }).status;
      if (status !== 401) break;
      token = await this.#token(true);
    }
    this.audit.push({ requestId, tokenSha256: token ? hash(token) : "", status });
    return { status, tokenSha256: token ? hash(token) : "", requestId };
  }

  async handle(r: Incoming): Promise<Reply> {
    if (r.headers.authorization !== "Bearer gop_model") return { status: 404, body: {} };
    const store = /^\/_gate\/store\/(.+)$/.exec(r.path)?.[1];
    if (store) {
      const cell = this.cells.get(store);
      if (r.method === "GET") return cell ? { status: 200, body: cell } : { status: 404, body: { version: 0 } };
      if ((cell?.version ?? 0) !== r.body.cas) return { status: 409, body: {} };
      this.cells.set(store, { version: Number(r.body.cas) + 1, value: String(r.body.value) });
      return { status: 200, body: { version: Number(r.body.cas) + 1 } };
    }
    switch (r.path) {
      case "/_gate/refresh": {
        const token = await this.#token(true);
        return token
          ? { status: 200, body: { tokenSha256: hash(token), expiresAt: "" } }
          : { status: 503, body: { message: "no token" } };
      }
      case "/_gate/probe": {
        const { status, tokenSha256, requestId } = await this.request();
        return { status: 200, body: { status, login: "", tokenSha256, requestId } };
      }
      case "/_gate/deny":
        if (typeof r.body.tokenSha256 === "string") this.denied.add(r.body.tokenSha256);
        if (typeof r.body.stop === "boolean") this.stopped = r.body.stop;
        return { status: 200, body: {} };
      case "/_gate/audit":
        return { status: 200, body: this.audit.map((line) => JSON.stringify(line)).join("\n") };
      default:
        return { status: 404, body: {} };
    }
  }
}
