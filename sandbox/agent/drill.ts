import type { Environment } from "../../infra/model";
import { GATE_KEY_VARIABLE } from "../../infra/plans";
import type { DrillAnswer, DrillRow } from "../../cli/report/drill";
import type { AgentSession, Answer, Ran } from "./session";

/** What the agent of a posture tries from inside its sandbox. */
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
}

type Attempt = Omit<DrillRow, "answer" | "holds"> & { readonly run: () => Promise<DrillAnswer> };

/**
 * From inside a session: the work passes, and nothing else does. Each row says what was tried, what came back and whether
 * that is as declared.
 * @param onRow told of each row as it is known
 */
export async function drillAsAgent(
  drill: AgentDrill,
  onRow: (row: DrillRow) => void = () => undefined,
): Promise<DrillRow[]> {
  const rows: DrillRow[] = [];
  for (const { run, ...attempt } of [...work(drill), ...forbidden(drill), ...keyStays(drill)]) {
    const answer = await run();
    const row = { ...attempt, answer, holds: answer.ok === (attempt.expect === "allowed") };
    rows.push(row);
    onRow(row);
  }
  return rows;
}

function work({ environment, session, gateHost }: AgentDrill): Attempt[] {
  const { organization, repositories } = environment;
  const allowed = (title: string, action: string, client: DrillRow["client"], run: Attempt["run"]): Attempt => ({
    action,
    title,
    client,
    expect: "allowed",
    run,
  });
  const clones = repositories.map(({ name, access }) =>
    allowed(
      `clone https://github.com/${organization}/${name}`,
      access === "write" ? "clone" : "read",
      "git",
      async () => byGit(await session.bash(`git clone --quiet https://github.com/${organization}/${name} ${name}`)),
    ),
  );
  const own = repositories.find(({ access }) => access === "write");
  if (own === undefined) return clones;
  const branch = `claude/session-${session.id.slice(-12).toLowerCase()}`;
  return [
    ...clones,
    allowed(`push a branch of its own to ${own.name}`, "push-agent-branch", "git", async () =>
      byGit(
        await session.bash(
          `cd ${own.name} && git checkout --quiet -b ${branch} && echo hello > hello.md && git add hello.md && git commit --quiet -m "Say hello" && git push --quiet origin ${branch}`,
        ),
      ),
    ),
    allowed("open a draft pull request", "open-draft-pull-request", "fetch", async () => {
      const answer = await session.ask(
        "POST",
        `http://${gateHost}/repos/${organization}/${own.name}/pulls`,
        bearer(session),
        { title: "Say hello", head: branch, base: own.defaultBranch, draft: true },
      );
      const { draft } = json(answer) as { draft?: boolean };
      return answer.status === 201 && draft !== true
        ? { status: answer.status, ok: false, rule: "the pull request is no draft" }
        : byHttp(answer);
    }),
  ];
}

function forbidden({ environment, session, gateHost, githubHost, unlisted }: AgentDrill): Attempt[] {
  const { organization, repositories } = environment;
  const refused = (title: string, action: string, client: DrillRow["client"], run: Attempt["run"]): Attempt => ({
    action,
    title,
    client,
    expect: "refused",
    run,
  });
  const own = repositories.find(({ access }) => access === "write");
  const around = "GIT_CONFIG_GLOBAL=/dev/null";
  return [
    refused(`clone ${organization}/${unlisted}`, "read-other-repository", "git", async () =>
      byGit(await session.bash(`git clone --quiet https://github.com/${organization}/${unlisted} other`)),
    ),
    ...(own === undefined
      ? []
      : [
          refused(`push to ${own.defaultBranch}`, "push-default-branch", "git", async () =>
            byGit(await session.bash(`cd ${own.name} && git push --quiet origin HEAD:${own.defaultBranch}`)),
          ),
        ]),
    refused(`reach ${githubHost} with git`, "reach-other-host", "git", async () =>
      byGit(
        await session.bash(
          `${around} git ls-remote https://${githubHost}/${organization}/${repositories[0]?.name ?? ""}`,
        ),
      ),
    ),
    refused(`reach ${githubHost} without encryption`, "reach-other-host", "git", async () =>
      byGit(
        await session.bash(
          `${around} git ls-remote http://${githubHost}/${organization}/${repositories[0]?.name ?? ""}`,
        ),
      ),
    ),
    refused(`reach api.${githubHost}`, "reach-other-host", "fetch", async () =>
      byHttp(await session.ask("GET", `https://api.${githubHost}/user`, bearer(session))),
    ),
    refused("reach any other host", "reach-other-host", "fetch", async () =>
      byHttp(await session.ask("GET", "http://example.com/", bearer(session))),
    ),
    refused("reach a host whose name begins like the gate's", "reach-other-host", "fetch", async () =>
      byHttp(await session.ask("GET", `http://${gateHost}.example.com/`, bearer(session))),
    ),
    refused("use the gate without the key", "use-without-key", "fetch", async () =>
      byHttp(await session.ask("GET", `http://${gateHost}/repos/${organization}/${repositories[0]?.name ?? ""}`)),
    ),
  ];
}

/** The key itself is not in the sandbox, and has gone to the gate alone. */
function keyStays({ session, gateHost, gateKey }: AgentDrill): Attempt[] {
  return [
    {
      action: "learn-gate-key",
      title: "find the gate key in the sandbox",
      client: "git",
      expect: "refused",
      run: async () => {
        const { text } = await session.bash("env; cat ~/.gitconfig; cat */.git/config");
        return text.includes(gateKey)
          ? { status: 200, ok: true }
          : { status: 0, ok: false, rule: `a placeholder: ${session.placeholders[GATE_KEY_VARIABLE] ?? "none"}` };
      },
    },
    {
      action: "learn-gate-key",
      title: "have the gate key sent to another host",
      client: "fetch",
      expect: "refused",
      run: () => {
        const elsewhere = session.outgoing.filter(({ host, secrets }) => secrets.length > 0 && host !== gateHost);
        const used = session.outgoing.filter(({ secrets }) => secrets.length > 0).length;
        return Promise.resolve(
          elsewhere.length > 0 || used === 0
            ? { status: 200, ok: true }
            : { status: 0, ok: false, rule: `${used} requests had it, all to the gate` },
        );
      },
    },
  ];
}

const bearer = (session: AgentSession): Record<string, string> => ({
  authorization: `Bearer ${session.placeholders[GATE_KEY_VARIABLE] ?? ""}`,
});

function byGit({ code, text }: Ran): DrillAnswer {
  if (code === 0) return { status: 200, ok: true };
  const status = Number(
    /returned error: (\d{3})|response (\d{3})|status code.*?(\d{3})/.exec(text)?.slice(1).find(Boolean) ?? 0,
  );
  const said = /! \[(?:remote )?rejected\] .*\((.+)\)|remote: (?:error: )?(.+)/.exec(text)?.slice(1).find(Boolean);
  return { status, ok: false, rule: (said ?? text.trim().split("\n").pop() ?? "").trim() };
}

function byHttp(answer: Answer): DrillAnswer {
  if (answer.status > 0 && answer.status < 400) return { status: answer.status, ok: true };
  const { gatehouse, message } = json(answer) as { gatehouse?: { rule?: string }; message?: string };
  return {
    status: answer.status,
    ok: false,
    rule: gatehouse?.rule ?? message ?? (answer.text.trim() || "refused on the way out"),
  };
}

function json({ text }: Answer): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
