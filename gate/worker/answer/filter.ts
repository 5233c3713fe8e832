import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { readAnswer, readBytes } from "../request/body";
import { answerHeaders, cleanHeaders, type FilteredAnswer } from "./headers";
import { refuse } from "./problem";
import type { TokenRedactor } from "./tokenRedactor";

/** The largest answer that is read whole and filtered, in bytes. Larger ones are refused. */
const MAX_TEXT_ANSWER = 16 * 1024 * 1024;

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/**
 * Step 7 of worker.ts: an answer as the agent gets it, with allow-listed headers, the gate's addresses, and no trace of
 * the token. Redirects must lead to a path that the gate knows.
 * @param edit changes the text of a JSON answer first
 */
export async function filterAnswer(
  gate: Gate,
  context: RequestContext,
  answer: Response,
  edit?: (text: string) => string,
): Promise<FilteredAnswer> {
  const headers = answerHeaders(answer.headers, context.requestId);
  const base = context.base;
  const token = context.token;
  if (token === undefined) return refuse("gate-error");
  const redactor = gate.redactorFor(token);
  const link = answer.headers.get("link");
  if (link !== null) {
    const back = gate.addresses.link(link, base);
    if (back !== undefined) headers["link"] = back;
  }
  const { status } = answer;
  if (status >= 300 && status < 400 && status !== 304) {
    await answer.body?.cancel();
    const back = gate.addresses.back(answer.headers.get("location") ?? "", base);
    if (back === undefined) return refuse("redirect-refused");
    headers["location"] = back;
    delete headers["content-type"];
    return { body: null, status, headers: cleanHeaders(headers, redactor) };
  }
  if (answer.body === null || status === 304 || status === 204 || context.method === "HEAD")
    return { body: null, status, headers: cleanHeaders(headers, redactor) };
  if (headers["content-type"]?.includes("json") !== true) return passBytes(gate, context, answer, headers, redactor);
  const { text, bytes } = await readAnswer(answer, MAX_TEXT_ANSWER);
  const edited = edit === undefined ? text : edit(text);
  const clean = redactor.has(text) ? redactor.clean(edited) : edited;
  if (clean !== edited) gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
  const out = gate.addresses.body(clean, base);
  // If only addresses were replaced, which are ASCII, the text grew by as many bytes as characters.
  const countable = clean === text && !text.includes("\ufffd");
  context.bytesOut = countable ? bytes + out.length - text.length : encoder.encode(out).length;
  if (!gate.ledger.takeBytesNow(context.bytesOut, context.startedAt))
    await gate.ledger.takeBytes(context.background, context.bytesOut);
  return { body: out, status, headers: cleanHeaders(headers, redactor) };
}

/** File contents, diffs and other answers that are not JSON pass unchanged. If the token is in one, it is refused. */
async function passBytes(
  gate: Gate,
  context: RequestContext,
  answer: Response,
  headers: Record<string, string>,
  redactor: TokenRedactor,
): Promise<FilteredAnswer> {
  const bytes = await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large");
  if (redactor.isIn(bytes, latin1.decode(bytes))) {
    gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
    return refuse("answer-refused");
  }
  context.bytesOut = bytes.length;
  if (!gate.ledger.takeBytesNow(bytes.length, context.startedAt))
    await gate.ledger.takeBytes(context.background, bytes.length);
  return { body: bytes, status: answer.status, headers: cleanHeaders(headers, redactor) };
}
