import {
  filterAdvertisement,
  judgeCommands,
  MAX_COMMAND_BYTES,
  readCommands,
  type PushCommands,
} from "../../policy/git/commands";
import { judgeFetch } from "../../policy/git/fetching";
import { judgeHistory } from "../../policy/git/history";
import { PackInspector } from "../../policy/git/pack";
import { judgeSuspects } from "../../policy/git/suspects";
import { judgeGitTarget, type GitTarget } from "../../policy/git/target";
import { Refusal } from "../../policy/refusals";
import { findSecrets, refusing } from "../../policy/text/secrets";
import { SecretRefusal } from "../../policy/verdict";
import { answerHeaders } from "../answer/headers";
import { refuse, Refused } from "../answer/problem";
import { counted } from "../answer/streaming";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { concatenated, readBytes } from "../request/body";
import { gunzipped } from "../request/gzip";
import { openPush, type PushBody } from "../request/pushBody";
import { ObjectReader } from "../upstream/objectReader";
import { send, StreamControl } from "../upstream/send";
import { lfs } from "./lfs";

/** The largest advertisement of references that is read and filtered, in bytes. */
const MAX_ADVERTISEMENT = 16 * 1024 * 1024;
/**
 * A push up to this size is read whole before anything reaches GitHub. A larger one streams, and its end is held back.
 */
const WHOLE_PUSH = 4 * 1024 * 1024;
/** Length of a pack's trailer, which is held back. Without it git rejects the pack and changes nothing. */
const TRAILER = 20;

/** Git over HTTP: clone, fetch, and pushes to agent branches. */
export async function git(gate: Gate, context: RequestContext): Promise<Response> {
  const target = judgeGitTarget(gate.policy, context.method, context.target);
  if (target instanceof Refusal) throw new Refused(target);
  if ("kind" in target) return lfs(gate, context, target);
  context.repository = target.repository.fullName;
  context.route = target.route;
  if (target.advertisement) return advertisement(gate, context, target);
  if (context.headers.get("content-type") !== `application/x-${target.service}-request`) refuse("media-type");
  return target.service === "git-receive-pack" ? receive(gate, context, target) : upload(gate, context, target);
}

/** Guard `git-protocol`: passes on the requested protocol version, and nothing else of that header. */
function protocolOf(context: RequestContext): Record<string, string> {
  const protocol = context.headers.get("git-protocol");
  if (protocol === undefined) return {};
  if (!/^version=[012]$/.test(protocol)) refuse("header-value", "git-protocol");
  return { "git-protocol": protocol };
}

async function advertisement(gate: Gate, context: RequestContext, { service, sent }: GitTarget): Promise<Response> {
  const push = service === "git-receive-pack";
  const protocol = push ? {} : protocolOf(context);
  await admit(gate, context, 0);
  const answer = await send(gate, context, {
    base: gate.policy.upstream.git,
    path: sent,
    method: "GET",
    headers: (token) => ({ authorization: token.basic, accept: "*/*", "user-agent": agentOf(context), ...protocol }),
    resource: "git",
  });
  await mustBe(answer, `application/x-${service}-advertisement`);
  const bytes = await readBytes(answer, MAX_ADVERTISEMENT, "answer-too-large");
  const passed = push ? filterAdvertisement(bytes) : bytes;
  if (
    passed === undefined ||
    (context.token !== undefined && gate.redactorFor(context.token).has(new TextDecoder("latin1").decode(passed)))
  )
    return refuse("answer-refused");
  context.bytesOut = passed.length;
  await gate.ledger.takeBytes(context.background, passed.length);
  return new Response(passed, { status: 200, headers: answerHeaders(answer.headers, context.requestId) });
}

/** Refuses any answer that is not the protocol's own. GitHub's error pages say no more than their status. */
async function mustBe(answer: Response, type: string): Promise<void> {
  if (answer.status === 200 && answer.headers.get("content-type") === type) return;
  await answer.body?.cancel();
  refuse(answer.status === 404 || answer.status === 403 ? "lookup-failed" : "upstream-error", String(answer.status));
}

const agentOf = (context: RequestContext): string => {
  const agent = context.headers.get("user-agent") ?? "";
  return /^git\/[\x21-\x7e ]{1,100}$/.test(agent) ? agent : "git/gatehouse";
};

async function upload(gate: Gate, context: RequestContext, { sent }: GitTarget): Promise<Response> {
  const { limits } = gate.policy;
  const protocol = protocolOf(context);
  const body = await readBytes(gunzipped(context.request, limits.maxBodyBytes), limits.maxBodyBytes);
  context.bytesIn = body.length;
  const refused = judgeFetch(body);
  if (refused !== undefined) throw new Refused(refused);
  await admit(gate, context, body.length);
  const answer = await send(gate, context, {
    base: gate.policy.upstream.git,
    path: sent,
    method: "POST",
    headers: (token) => ({
      authorization: token.basic,
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
      "user-agent": agentOf(context),
      ...protocol,
    }),
    body,
    stream: new StreamControl(),
    resource: "git",
  });
  await mustBe(answer, "application/x-git-upload-pack-result");
  const headers = answerHeaders(answer.headers, context.requestId);
  if (answer.body === null) return new Response(null, { status: 200, headers });
  return new Response(await counted(gate, context, answer, limits.maxDownloadBytes), { status: 200, headers });
}

/** Reads the commands of a push, with the part of the pack that arrived with them. */
async function commandsOf(context: RequestContext, push: PushBody): Promise<PushCommands> {
  for (;;) {
    const commands = readCommands(push.head);
    if (commands instanceof Refusal) throw new Refused(commands);
    if (commands !== undefined) return commands;
    const { done, value } = await push.reader.read().catch(() => refuse("body-aborted"));
    if (done || push.head.length > MAX_COMMAND_BYTES) return refuse("git-malformed", "commands");
    context.bytesIn += value.length;
    push.head = concatenated([push.head, value], push.head.length + value.length);
  }
}

async function receive(gate: Gate, context: RequestContext, { repository, sent }: GitTarget): Promise<Response> {
  const { limits, branchPrefix } = gate.policy;
  context.write = true;
  if (Number(context.request.headers.get("content-length") ?? 0) > limits.maxPushBytes) refuse("push-too-large");
  context.push = openPush(context.request, limits.maxPushBytes);
  if (context.push === undefined) return refuse("git-malformed", "commands");
  const { commands, next } = await commandsOf(context, context.push);
  const { reader, head: read } = context.push;
  if (commands.length === 0) {
    // Before a large push git asks with an empty request whether it may push. GitHub need not know.
    return new Response(null, {
      status: 200,
      headers: {
        "content-type": "application/x-git-receive-pack-result",
        "cache-control": "no-store",
        "x-gatehouse-request-id": context.requestId,
      },
    });
  }
  const refused = judgeCommands(commands, branchPrefix);
  if (refused !== undefined) throw new Refused(refused);
  const { allowances } = gate.policy;
  const rules = gate.policy.secretsAt(context.startedAt);
  const refuseSecret = (refusal: Refusal): never => {
    if (refusal instanceof SecretRefusal) context.addFindings(refusal.findings);
    throw new Refused(refusal);
  };
  const named = findSecrets(commands.map(({ ref }) => ref).join("\n"), 0, 20, rules);
  if (refusing(named).length > 0) refuseSecret(new SecretRefusal(named));
  await admit(gate, context, read.length);

  const inspector = new PackInspector(
    {
      maxObjects: limits.maxPushObjects,
      maxInflated: limits.maxPushBytes * 20 + 64 * 1024 * 1024,
    },
    rules,
  );
  const inspect = (bytes: Uint8Array): void => {
    const problem = inspector.push(bytes);
    if (problem !== undefined) throw new Refused(problem);
    if (refusing(inspector.findings).length > 0) refuseSecret(new SecretRefusal(inspector.findings));
  };
  const verdict = async (): Promise<void> => {
    if (!inspector.complete) refuse("body-aborted");
    context.addFindings(inspector.findings);
    const source = new ObjectReader(gate, context, repository);
    if (inspector.suspects.size > 0) {
      const judged = await judgeSuspects(
        inspector.suspects,
        inspector,
        source,
        (path) => allowances.ofPath(repository.name, path, context.startedAt),
        rules,
      );
      if (judged instanceof Refusal) return refuseSecret(judged);
      context.addFindings(judged);
    }
    const problem = await judgeHistory(commands, inspector, source, repository.guarded, limits.maxChangedFiles);
    if (problem !== undefined) throw new Refused(problem);
  };
  const pull = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await reader.read().catch(() => refuse("body-aborted"));
    if (done) return undefined;
    context.bytesIn += value.length;
    if (context.bytesIn > limits.maxPushBytes) refuse("push-too-large");
    await gate.ledger.takeBytes(context.background, value.length);
    return value;
  };
  inspect(read.subarray(next));

  // A small push is read and judged whole before anything reaches GitHub.
  const parts: Uint8Array[] = [read];
  let length = read.length;
  for (;;) {
    const chunk = length > WHOLE_PUSH ? null : await pull();
    if (chunk === undefined) {
      await verdict();
      return report(gate, context, await push(gate, context, sent, concatenated(parts, length)));
    }
    if (chunk === null) break;
    inspect(chunk);
    parts.push(chunk);
    length += chunk.length;
  }

  // A large push streams to GitHub while it is read. Its last bytes wait for the decision.
  const through = new TransformStream<Uint8Array, Uint8Array>();
  const writer = through.writable.getWriter();
  const control = new StreamControl();
  const answering = push(gate, context, sent, through.readable, control);
  answering.catch(() => undefined);
  try {
    let held = concatenated(parts, length);
    const passAllBut = async (bytes: number): Promise<void> => {
      if (held.length > bytes) await Promise.race([writer.write(held.subarray(0, held.length - bytes)), answering]);
      held = held.slice(Math.max(0, held.length - bytes));
    };
    parts.length = 0;
    await passAllBut(TRAILER);
    for (let chunk = await pull(); chunk !== undefined; chunk = await pull()) {
      inspect(chunk);
      held = concatenated([held, chunk], held.length + chunk.length);
      await passAllBut(TRAILER);
    }
    await verdict();
    await passAllBut(0);
    control.sent(limits.upstreamTimeoutSeconds * 1000);
    await writer.close();
  } catch (error) {
    // Abort the connection, not the body: to GitHub's server a body that ends early would be a complete request.
    control.abort();
    throw error;
  }
  return report(gate, context, await answering);
}

function push(
  gate: Gate,
  context: RequestContext,
  sent: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  stream?: StreamControl,
): Promise<Response> {
  return send(gate, context, {
    base: gate.policy.upstream.git,
    path: sent,
    method: "POST",
    headers: (token) => ({
      authorization: token.basic,
      "content-type": "application/x-git-receive-pack-request",
      accept: "application/x-git-receive-pack-result",
      "user-agent": agentOf(context),
    }),
    body,
    resource: "git",
    ...(stream === undefined ? {} : { stream }),
  });
}

/** GitHub's report about each reference. It is small, and refused if it contains the token. */
async function report(gate: Gate, context: RequestContext, answer: Response): Promise<Response> {
  await mustBe(answer, "application/x-git-receive-pack-result");
  const bytes = await readBytes(answer, 1024 * 1024, "answer-too-large");
  if (context.token !== undefined && gate.redactorFor(context.token).has(new TextDecoder("latin1").decode(bytes)))
    refuse("answer-refused");
  context.bytesOut = bytes.length;
  await gate.ledger.takeBytes(context.background, bytes.length);
  return new Response(bytes, { status: 200, headers: answerHeaders(answer.headers, context.requestId) });
}
