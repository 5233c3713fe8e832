import type { Connection } from "./connection";

/** GitHub's answer to an administrator. */
class AdminRefused extends Error {}

/**
 * An organization owner at GitHub's REST API: opens locks, and does what only people do. A refusal is an error of the
 * drill.
 */
export class Admin {
  constructor(private readonly connection: Pick<Connection, "rest" | "credential">) {}

  /** @throws AdminRefused unless the answer is below 400 */
  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, value } = await this.#send(method, path, body);
    if (status >= 400)
      throw new AdminRefused(
        `${method} ${path} was answered ${status}: ${(value as { message?: string } | undefined)?.message ?? ""} ${JSON.stringify((value as { errors?: unknown } | undefined)?.errors ?? "")}`,
      );
    return value as T;
  }

  /** Undefined when there is nothing there. */
  async find<T>(path: string): Promise<T | undefined> {
    const { status, value } = await this.#send("GET", path);
    if (status === 404) return undefined;
    if (status >= 400) throw new AdminRefused(`GET ${path} was answered ${status}`);
    return value as T;
  }

  async #send(method: string, path: string, body?: unknown): Promise<{ status: number; value: unknown }> {
    const response = await fetch(`${this.connection.rest}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.connection.credential}`,
        accept: "application/vnd.github+json",
        "user-agent": "gatehouse-drill",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      value: text.startsWith("{") || text.startsWith("[") ? (JSON.parse(text) as unknown) : text,
    };
  }
}
