import { hex, utf8 } from "../../../edge/encoding";
import { padded } from "../../policy/archiveKeys";
import { Refusal } from "../../policy/refusals";
import { Refused } from "../answer/problem";
import { turnAway } from "../auth/turnAway";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { bucketOf, keep } from "../ledger/bucket";
import { readText } from "../request/body";

/** Where GitHub's webhook delivers. */
export const GITHUB_WEBHOOK = "/_gate/webhooks/github";

/** GitHub sends 25 MB at most; what is larger than this is a push of thousands of commits, which records show besides. */
const MAX_BODY = 4 * 1024 * 1024;
const DELIVERY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const EVENT = /^[a-z_]{1,64}$/;

/**
 * Takes one delivery of GitHub's webhooks and keeps it in the audit bucket, for `gatehouse audit pull`. Only
 * the body is signed. So a body counts once: under the same delivery id it is GitHub's own second try, under another one
 * it is a replay and refused. Whoever cannot sign gets the answer of a stranger.
 */
export async function githubWebhook(gate: Gate, context: RequestContext, secret: string): Promise<Response> {
  const { headers } = context;
  const signature = /^sha256=([0-9a-f]{64})$/.exec(headers.get("x-hub-signature-256") ?? "")?.[1];
  if (signature === undefined) return turnAway(gate, context, new Refusal("not-found"));
  const { text, bytes } = await readText(context.request, MAX_BODY);
  context.bytesIn = bytes;
  const body = utf8(text);
  const key = await crypto.subtle.importKey("raw", utf8(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  // Compares in constant time.
  if (!(await crypto.subtle.verify("HMAC", key, bytesOf(signature), body)))
    return turnAway(gate, context, new Refusal("not-found"));
  context.agent = "github";
  context.route = "webhook.github";
  const [delivery = "", event = ""] = [headers.get("x-github-delivery"), headers.get("x-github-event")];
  if (!DELIVERY.test(delivery)) throw new Refused(new Refusal("header-value", "x-github-delivery"));
  if (!EVENT.test(event)) throw new Refused(new Refusal("header-value", "x-github-event"));
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch {
    throw new Refused(new Refusal("body-malformed"));
  }
  const ledger = gate.env.LEDGER.get(gate.env.LEDGER.idFromName("ledger"));
  const booked = await ledger.bookDelivery(
    delivery.toLowerCase(),
    hex(new Uint8Array(await crypto.subtle.digest("SHA-256", body))),
  );
  if (booked === undefined || booked === null)
    throw new Refused(new Refusal("header-value", "x-github-delivery: this came before, under another id"));
  // Also for a second try: the first may have died before the bucket had it.
  await keep(
    bucketOf(gate.env),
    `webhooks/${padded(booked.at)}-${delivery.toLowerCase()}.json`,
    `${JSON.stringify({ delivery, event, at: new Date(booked.at).toISOString(), payload })}\n`,
  );
  return new Response(null, {
    status: booked.fresh ? 202 : 200,
    headers: { "x-gatehouse-request-id": context.requestId, "cache-control": "no-store" },
  });
}

/** @param text an even number of hexadecimal digits */
const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
