import { DurableObject } from "cloudflare:workers";

/** The gate's one memory: limits, kill switch, refused tokens, head of the audit chain. */
export class Ledger extends DurableObject {
  async ping(): Promise<string> {
    return "ok";
  }
}

/** A Durable Object's script needs a handler of its own; nothing is reachable through it. */
export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
