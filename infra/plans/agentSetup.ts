import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { endpoints } from "../model/endpoints";
import type { Environment } from "../model/schema";

/**
 * Shell commands after which git and gh in the agent's sandbox speak with the gate: `git clone https://github.com/o/r`
 * goes there, and so do `git@github.com:o/r` and `gh pr create`. They hold no secret: the variable holds a placeholder,
 * which becomes the gate key on its way to the gate. May run again.
 *
 * The key travels in a header of its own, as it stands: git writes the password of a URL in base64, where nothing finds
 * the placeholder.
 * @param gateUrl without a trailing slash
 * @param variable name of the environment variable that holds the gate key or its placeholder
 * @param githubUrl the posture's `githubUrl`; absent for github.com
 * @example setupScript("https://github-gate.acme.dev", "GATEHOUSE_KEY", "claude-bot")
 */
export function setupScript(gateUrl: string, variable: string, login: string, githubUrl?: string): string {
  const { origin } = endpoints(githubUrl);
  const github = new URL(origin).host;
  const gate = `${gateUrl}/`;
  const insteadOf = (from: string, pattern: string) =>
    `git config --global --replace-all url.${gate}.insteadOf ${from} '${pattern}'`;
  return [
    insteadOf(`${origin}/`, "^https?://"),
    insteadOf(`git@${github}:`, "^git@"),
    insteadOf(`ssh://git@${github}/`, "^ssh://"),
    `git config --global http.${gate}.extraHeader "Authorization: Bearer $${variable}"`,
    // A redirect would take the header along to another host.
    `git config --global http.${gate}.followRedirects false`,
    `git config --global user.name ${login}`,
    `git config --global user.email ${login}@users.noreply.${github}`,
    `export GH_HOST=${new URL(gateUrl).host} GH_ENTERPRISE_TOKEN="$${variable}"`,
    "",
  ].join("\n");
}

/** The agent's system prompt: what it is for, and how it works with GitHub here. */
export function agentInstructions(
  environment: Environment,
  gateUrl: string,
  variable: string,
  purpose: string | undefined,
): string {
  return [
    ...(purpose === undefined ? [] : [purpose.trim(), ""]),
    gateInstructions(environment, gateUrl, variable),
  ].join("\n");
}

/**
 * The same as a skill: the text of a SKILL.md, for an agent whose system prompt is somebody else's.
 * @example writeFileSync("github-through-the-gate/SKILL.md", agentSkill(environment, url, "GATEHOUSE_KEY"));
 */
export function agentSkill(environment: Environment, gateUrl: string, variable: string): string {
  return `---
name: github-through-the-gate
description: How to clone, push and open pull requests here. Read it before the first git or gh command.
---

${gateInstructions(environment, gateUrl, variable)}`;
}

function gateInstructions(environment: Environment, gateUrl: string, variable: string): string {
  const { organization, repositories } = environment;
  const listed = (access: "read" | "write") =>
    repositories
      .filter((repository) => repository.access === access)
      .map(({ name }) => `${organization}/${name}`)
      .sort();
  const [writable, readable] = [listed("write"), listed("read")];
  return `# GitHub through the gate

You reach GitHub through ${gateUrl} and no other way. Run this once in each shell, before the first git or gh command:

\`\`\`sh
${setupScript(gateUrl, variable, environment.agent.machineUser, environment.githubUrl).trimEnd()}
\`\`\`

Then \`git clone https://github.com/${organization}/${repositories[0]?.name ?? "…"}\` works as anywhere. $${variable} is a placeholder, good for this gate alone; no other token works here, and you need none.

- You may push to and open pull requests in: ${writable.join(", ") || "no repository"}.
- You may read: ${readable.join(", ") || "nothing more"}.
- Push to branches that begin with \`${AGENT_BRANCH_PREFIX}\`. Never push to the default branch, never force a push, never make a tag.
- Open each pull request as a draft (\`gh pr create --draft\`). A person reviews and merges it.
- Workflows, CODEOWNERS and other protected files are not yours to change: describe the change in the pull request.
- A refusal names its rule and what to do instead. Do that; the same request will be refused again.
- All of this, and the limits, stand at ${gateUrl}/_gate/guide.
`;
}
