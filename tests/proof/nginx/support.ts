import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenFiles } from "../../../bench/gate/tokenFiles";
import { nginxFiles } from "../../../gate/nginx";
import type { NginxOptions } from "../../../gate/nginx/config";
import type { GateKeyHash } from "../../../gate/contract";
import type { GatePolicy } from "../../../gate/policy/policy";
import { freePort } from "../../../sandbox/tools/ports";
import { freshFetch } from "../../support/freshFetch";
import { until } from "../../support/until";

const MODULES = "/usr/lib/nginx/modules";

/** Path of nginx; Debian keeps servers where not everyone's PATH leads. */
const program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].find((file) => existsSync(file));

/** Why nginx cannot be tried here; empty when it can. */
export const noNginx =
  program === undefined || !existsSync(join(MODULES, "ngx_http_js_module.so"))
    ? "nginx with its JavaScript is not installed (apt-get install nginx libnginx-mod-http-js)"
    : "";

export const keyHash = (key: string): string => createHash("sha256").update(key).digest("base64url");

/** nginx in the foreground, in a folder of its own, as the files of a rendering start it. */
export class Nginx {
  private constructor(
    readonly port: number,
    readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(
    input: {
      readonly policy: GatePolicy;
      readonly keys: readonly GateKeyHash[];
      readonly token: string;
      readonly scheme?: "http" | "https";
    } & Partial<NginxOptions>,
    edit: (name: string, text: string) => string = (_name, text) => text,
  ): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), "nginx-"));
    execFileSync("chmod", ["755", folder]);
    const port = await freePort();
    for (const name of ["logs", "temp"]) mkdirSync(join(folder, name));
    const { keys, token, scheme = "http", ...options } = input;
    const files = nginxFiles({
      listen: `127.0.0.1:${port}`,
      publicUrl: `${scheme}://127.0.0.1:${port}`,
      unjudged: { kind: "refuse" },
      trustedCertificates: "/etc/ssl/certs/ca-certificates.crt",
      modules: MODULES,
      keys,
      tokenStore: undefined,
      roleId: undefined,
      ...options,
    });
    for (const { name, text } of files) writeFileSync(join(folder, name), edit(name, text));
    for (const [name, text] of Object.entries(token === "" ? {} : tokenFiles(token)))
      writeFileSync(join(folder, name), text);
    const child = spawn(program ?? "nginx", ["-p", folder, "-c", "nginx.conf", "-g", "daemon off;"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr?.on("data", (part: Buffer) => (said += part.toString()));
    const nginx = new Nginx(port, folder, child);
    await until("nginx", async () => {
      if (child.exitCode !== null) throw new Error(`nginx did not start: ${said}`);
      return freshFetch(`${scheme}://127.0.0.1:${port}/_gate/health`).then(
        (answer) => answer.status === 204,
        (error: Error) => scheme === "https" && String(error.cause).includes("certificate"),
      );
    });
    return nginx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The records so far; nginx writes them within a second. */
  records(): Record<string, unknown>[] {
    const file = join(this.folder, "logs", "audit.log");
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  errors(): string {
    return readFileSync(join(this.folder, "logs", "error.log"), "utf8");
  }

  /** Takes the files anew, as Vault Agent has it do. */
  reload(): void {
    this.child.kill("SIGHUP");
  }

  async stop(): Promise<void> {
    if (this.child.kill("SIGTERM")) await once(this.child, "exit");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
