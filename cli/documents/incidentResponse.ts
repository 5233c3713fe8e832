import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { endpoints, names, writable, type Environment } from "../../infra/model";
import { gateUrl } from "../../infra/plans";
import { hostOf } from "../support/address";
import { anchor, code, pageHead, type DocumentInput } from "./posture";

/** One thing to do; what is typed stands in `type`, one command a line. */
interface Step {
  readonly say: string;
  readonly type?: readonly string[];
}

export interface Incident {
  readonly id: string;
  readonly title: string;
  /** How one notices it. */
  readonly signs: readonly string[];
  readonly steps: readonly Step[];
  /** When it is over. */
  readonly over: string;
}

/** `incident-response.md`: what to type, in order, for each kind of incident. */
export function incidentResponsePage(input: DocumentInput): string {
  const all = incidents(input);
  const { environment, stack } = input;
  return [
    ...pageHead(
      input,
      "Incident response",
      `What to type when something is wrong with the access of \`${environment.agent.machineUser}\` to \`${environment.organization}\`. Stop first, then find the cause. Work in the`,
      "folder of the stack. Words in capitals are yours to fill in. Exit codes of `gatehouse`: 0, it holds; 1, it does not hold; 2, the command could not run.",
      "",
    ),
    "## Before anything happens",
    "",
    ...[
      "Two people can reach the credentials below; practise once a quarter with `npx --no-install gatehouse sandbox rehearse --stack dev`.",
      "Keep a copy of the operator key where you reach it while Vault is down (`GATEHOUSE_OPERATOR_KEY`).",
      `\`GITHUB_TOKEN\` of an owner, \`VAULT_ADDR\` and \`VAULT_TOKEN\`, \`CLOUDFLARE_API_TOKEN\`: as for \`gatehouse assess --stack ${stack}\`.`,
      ...(environment.githubUrl === undefined
        ? []
        : [`\`GH_HOST=${hostOf(endpoints(environment.githubUrl).origin)}\` for \`gh\`.`]),
      "Names, telephone numbers, and whom the law or a contract makes you tell: add them here, in a page of your own.",
    ].map((line) => `- ${line}`),
    "",
    "## Incidents",
    "",
    ...all.map(({ title }) => `- [${title}](#${anchor(title)})`),
    "",
    ...all.flatMap((one) => [
      `## ${one.title}`,
      "",
      "Signs:",
      ...one.signs.map((sign) => `- ${sign}`),
      "",
      ...one.steps.flatMap(({ say, type = [] }, i) => [
        `${i + 1}. ${say}`,
        "",
        ...(type.length === 0 ? [] : ["   ```", ...type.map((line) => `   ${line}`), "   ```", ""]),
      ]),
      `Over when: ${one.over}`,
      "",
    ]),
  ].join("\n");
}

/** Every kind of incident for a posture. Pure. */
export function incidents({ stack, environment }: DocumentInput): readonly Incident[] {
  const { agent, organization } = environment;
  const gatehouse = (words: string, rest = ""): string =>
    `npx --no-install gatehouse ${words} --stack ${stack}${rest === "" ? "" : ` ${rest}`}`;
  const revoke = (reason: string): string => gatehouse("token revoke --now", `--reason "${reason}"`);
  const assess: Step = {
    say: "See whether everything is as declared, and keep the answer as evidence. Without a token `gate-ready` and `gate-serves` fail, as they should.",
    type: [gatehouse("assess --format md", "--output assessment.md")],
  };
  const trail: Step = {
    say: "Take the audit trail out of reach and verify it: exit code 1, a record is missing or changed. Then read what was done, one JSON line a record.",
    type: [
      gatehouse("audit pull", "--out audit"),
      `npx --no-install gatehouse audit verify --dir audit --key "$(pulumi stack output auditPublicKey --stack ${stack})"`,
    ],
  };
  const update: Step = {
    say: "Bring everything back to what is declared. Read the preview first: it must show only what you expect.",
    type: [`pulumi preview --stack ${stack} --refresh --diff`, `pulumi up --stack ${stack} --refresh`],
  };
  const token = newToken(environment, gatehouse);
  const gate = gateUrl(environment) ?? "GATE";
  return [
    {
      id: "token-leaked",
      title: "The GitHub token leaked",
      signs: [
        "an alert `token-reflected`, or a secret-scanning alert for a token of the machine user",
        `GitHub's audit log shows \`${agent.machineUser}\` from an address that is not the gate's`,
        "somebody pasted it",
      ],
      steps: [
        {
          say: "End it now. Exit code 0: it is proven dead. The command closes the gate first.",
          type: [revoke("token leaked")],
        },
        {
          say: "Exit code 1: the command prints what is left to do. When the token store is down and you hold the token, give it in the hidden prompt.",
          type: [gatehouse("token revoke --now --from-stdin")],
        },
        {
          say: "Get the hashes of the tokens and look for them in the logs. GitHub's audit log calls them `hashed_token`, the gate's records `tokenSha256`. A use that is in GitHub's log and in no record of the gate was not the agent's.",
          type: [
            gatehouse("token history --json"),
            ...(environment.plan === "enterprise"
              ? [`gh api --method GET /orgs/${organization}/audit-log -f phrase=actor:${agent.machineUser} --paginate`]
              : []),
          ],
        },
        ...(environment.plan === "enterprise"
          ? []
          : [
              {
                say: "The plan has no API of the audit log: read it on the organization's page, Settings, Logs, Audit log.",
              },
            ]),
        assess,
        token,
      ],
      over: "`gatehouse token status` exits with 0, and you know how it got out.",
    },
    {
      id: "gate-key-leaked",
      title: "The gate key leaked",
      signs: [
        "somebody pasted it, or it stood in a log of the agent",
        "records of the agent from an address that is not the agent's",
      ],
      steps: [
        {
          say: `Make a new key without an overlap: raise the generation by one (now ${environment.gate.key.generation}) and remove \`previousUntil\`.`,
          type: [
            `pulumi config set --stack ${stack} --path gatehouse:gate.key.generation ${environment.gate.key.generation + 1}`,
            `pulumi config rm --stack ${stack} --path gatehouse:gate.key.previousUntil`,
          ],
        },
        { say: "Deploy it. From then on the gate refuses the leaked key.", type: [`pulumi up --stack ${stack}`] },
        {
          say: "Give the agent the new key. The command prints it: mind who looks at the screen.",
          type: [`pulumi stack output gateKey --show-secrets --stack ${stack}`],
        },
        {
          say: "See that the gate knows the new key alone (`gate-key-ring`, `gate-keys`), and read what was done with the old one. It opened what the agent may do, and nothing else.",
          type: [gatehouse("assess --format md", "--output assessment.md")],
        },
      ],
      over: "the old key gets 401, and each record since the leak is explained.",
    },
    {
      id: "agent-misbehaves",
      title: "The agent misbehaves",
      signs: [
        "many refusals in a row, or pull requests that nobody asked for",
        "an agent that follows instructions from an issue, a file or a web page",
      ],
      steps: [
        { say: "Take its access. Nothing of it passes the gate any more.", type: [revoke("agent misbehaves")] },
        { say: "Stop its process where it runs. This is not Gatehouse's." },
        ...(writable(environment).length === 0
          ? [{ say: "It has write access nowhere, so it left nothing in a repository." }]
          : [
              {
                say: "List what it left, and close what is harmful. NUMBER is the pull request's.",
                type: [
                  ...writable(environment).map(
                    ({ name }) =>
                      `gh pr list --repo ${organization}/${name} --author ${agent.machineUser} --state open`,
                  ),
                  `gh pr close NUMBER --repo ${organization}/${writable(environment)[0]?.name ?? "REPOSITORY"}`,
                ],
              },
            ]),
        trail,
        {
          say: "Narrow the environment file when it could do too much, and read what the change means before you deploy it.",
          type: [
            `pulumi stack export --stack ${stack} --file before.json`,
            `pulumi preview --stack ${stack} --json > after.json`,
            "npx --no-install gatehouse report --before before.json --after after.json --format md",
            `pulumi up --stack ${stack}`,
          ],
        },
        token,
      ],
      over: "you know why it did so, and the same cause would be stopped.",
    },
    {
      id: "github-refuses",
      title: "GitHub refuses everything",
      signs: [
        "the gate answers 503 `token-refused`, `token-denied` or `token-expired`, 429 `github-limit`, or 502 `upstream-error`",
        "an alert `token-refused`",
      ],
      steps: [
        {
          say: "Ask what state the token is in. Exit code 1: the output says who must act.",
          type: [gatehouse("token status")],
        },
        {
          say: "The token works: it is GitHub's limit or a failure of GitHub. Wait; the gate goes on by itself. https://www.githubstatus.com says what GitHub knows.",
        },
        {
          say: "The token is refused: see whether the account is still a member, and whether the organization's token policy changed (Settings, Personal access tokens).",
          type: [`gh api /orgs/${organization}/memberships/${agent.machineUser}`, gatehouse("doctor")],
        },
        {
          say: "The account was removed or its invitation expired: bring it back.",
          type: [`pulumi up --stack ${stack} --refresh`],
        },
        token,
      ],
      over: "`gatehouse token status` exits with 0 and the agent reads again.",
    },
    environment.tokenStore.kind === "vault"
      ? vaultDown(environment, stack, gatehouse)
      : {
          id: "vault-down",
          title: "The token store is down",
          signs: ["the gate answers 503 `token-unavailable` or `ledger-unavailable`"],
          steps: [
            {
              say: "Workers KV and the ledger are Cloudflare's: https://www.cloudflarestatus.com says what it knows. The gate goes on by itself; nothing is lost.",
            },
            { say: "Finish a rotation that was interrupted.", type: [gatehouse("token rotate --resume")] },
            assess,
          ],
          over: "`gatehouse assess` shows `gate-ready` as passed.",
        },
    {
      id: "gate-down",
      title: "The gate is down",
      signs: ["no answer, 5xx without a rule, or 503 `gate-error` or `policy-invalid`"],
      steps: [
        {
          say: "Do not give the agent another way to GitHub. A closed gate is safe; a token in the agent's hands is not.",
        },
        {
          say: "See whether it answers (204), and what is different from what is declared.",
          type: [
            `curl --silent --show-error --output /dev/null --write-out "%{http_code}\\n" ${gate}/_gate/health`,
            gatehouse("assess"),
            `pulumi refresh --stack ${stack} --preview-only`,
          ],
        },
        { say: "Cloudflare itself fails: wait. https://www.cloudflarestatus.com says what it knows." },
        update,
        {
          say: "The last update was killed: find what it left. Exit code 1: run the commands that it prints.",
          type: [gatehouse("recover")],
        },
        {
          say: "An emergency closed it on purpose: open it when the cause is known.",
          type: [gatehouse("token revoke --reopen")],
        },
      ],
      over: "`gatehouse assess` exits with 0.",
    },
    {
      id: "audit-gap",
      title: "The audit trail has a gap",
      signs: [
        "`gatehouse assess` fails `audit-chain` or `audit-gaps`",
        "the gate answers 503 `audit-unavailable`, or an alert `audit-archive-failed`",
      ],
      steps: [
        trail,
        assess,
        {
          say: "`audit-gaps` with a `gap` record: an isolate died and lost reads of about a second. The record says how many at most. Note it; nothing else is to do.",
        },
        {
          say: "`audit-chain` does not hold: a record is missing or changed. Somebody with access to the Cloudflare account may have done it. Take the agent's access, then change the account's tokens and look at its audit log.",
          type: [revoke("audit trail broken")],
        },
        {
          say: "The bucket cannot be written, so the gate is closed: see whether it and its lock are there, and bring them back.",
          type: [
            gatehouse("assess"),
            `pulumi refresh --stack ${stack} --preview-only`,
            `pulumi up --stack ${stack} --refresh`,
          ],
        },
        {
          say: "Fill the gap from GitHub's side: the events at the alert receiver and GitHub's audit log show what changed meanwhile.",
        },
      ],
      over: "`audit-chain` passes from a record after the gap, and the gap is explained in writing.",
    },
    maliciousPullRequest(environment, gatehouse, revoke),
  ];
}

type Line = (words: string, rest?: string) => string;

function newToken(environment: Environment, gatehouse: Line): Step {
  return environment.agent.credential.kind === "personal-access-token"
    ? {
        say: "When the cause is known: make a new token. The first command prints a link, the second asks for the token in a hidden prompt.",
        type: [gatehouse("token mint-link"), gatehouse("token put"), gatehouse("token status")],
      }
    : {
        say: "When the cause is known: make a new token.",
        type: [gatehouse("token rotate"), gatehouse("token status")],
      };
}

function vaultDown(environment: Environment, stack: string, gatehouse: Line): Incident {
  const vault = names(environment).vault;
  return {
    id: "vault-down",
    title: "Vault is down",
    signs: [
      `the gate serves for ${environment.gate.tokenCacheSeconds} s more and then answers 503 \`token-unavailable\``,
      "`gatehouse token rotate` stops and names Vault",
    ],
    steps: [
      { say: "See whether it is sealed.", type: ["vault status"] },
      { say: "Unseal it, with as many people as it takes.", type: ["vault operator unseal"] },
      {
        say: "Vault answers, but the gate may not sign in: see its role, and bring back what is missing.",
        type: [
          ...(vault ? [`vault read auth/${vault.appRole.mount}/role/${vault.appRole.role}`] : []),
          gatehouse("assess"),
        ],
      },
      { say: "Finish a rotation that was interrupted.", type: [gatehouse("token rotate --resume")] },
      {
        say: "The token must end while Vault is down: the command closes the gate with `GATEHOUSE_OPERATOR_KEY` alone, and ends a token that you give it. When Vault is back it still holds the dead one: place a new token then.",
        type: [gatehouse("token revoke --now --from-stdin")],
      },
      {
        say: "Vault's data is lost: deploy the stack again, then place a new token. The old one is still alive at GitHub: end it on GitHub's page first.",
        type: [
          `pulumi up --stack ${stack} --refresh`,
          ...(environment.agent.credential.kind === "personal-access-token"
            ? [gatehouse("token mint-link"), gatehouse("token put")]
            : [gatehouse("token minter"), gatehouse("token rotate")]),
        ],
      },
    ],
    over: "`gatehouse assess` shows `gate-ready` as passed, and `gatehouse token status` exits with 0.",
  };
}

function maliciousPullRequest(environment: Environment, gatehouse: Line, revoke: (reason: string) => string): Incident {
  const { organization, agent } = environment;
  const [repository = environment.repositories[0]] = writable(environment);
  const name = repository?.name ?? "REPOSITORY";
  const at = `${organization}/${name}`;
  const origin = endpoints(environment.githubUrl).origin;
  return {
    id: "malicious-pull-request",
    title: "A malicious pull request",
    signs: [
      "a reviewer finds code that sends data out, opens a way in, or was hidden",
      "`gatehouse/agent-change` fails, or the label or the line `Gatehouse-Request` is missing",
    ],
    steps: [
      {
        say: `Do not merge, and do not run it. Close it. NUMBER is the pull request's; put its repository in place of ${code(name)}.`,
        type: [`gh pr close NUMBER --repo ${at}`],
      },
      {
        say: "Check it without running it: paths, credentials, commits, and whether it came through the gate.",
        type: [gatehouse(`check agent-change --repository ${name} --pull NUMBER`)],
      },
      {
        say: `It was the agent's, and not a mistake: take its access. A pull request of \`${agent.machineUser}\` without the line did not come through the gate, so the token is out: go on with [the token leaked](#the-github-token-leaked).`,
        type: [revoke("malicious pull request")],
      },
      {
        say: "See which workflows ran for its branch. What they could read must be changed.",
        type: [`gh run list --repo ${at} --branch BRANCH`],
      },
      {
        say: `Delete its branch. People may; BRANCH begins with ${code(AGENT_BRANCH_PREFIX)}.`,
        type: [`gh api --method DELETE /repos/${at}/git/refs/heads/BRANCH`],
      },
      {
        say: `It was merged: undo it by a pull request of people, which waits for the same review. MERGE is the merge's commit, of ${code(`${origin}/${at}`)}.`,
        type: [
          `git switch --create revert-MERGE origin/${repository?.defaultBranch ?? "main"}`,
          "git revert --mainline 1 MERGE",
          "git push origin revert-MERGE",
        ],
      },
      {
        say: "See whether it changed what is declared.",
        type: [gatehouse("assess --format md", "--output assessment.md")],
      },
    ],
    over: "the code is out of every branch and release, what ran is known, and what it could read is changed.",
  };
}
