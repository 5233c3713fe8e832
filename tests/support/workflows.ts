import { parse } from "yaml";

/** A step of a workflow or of a composite action, as far as tests read it. */
export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Every step of a workflow, job by job, or of a composite action. */
export function gitHubSteps(text: string): Step[] {
  const { jobs = {}, runs } = parse(text) as { jobs?: Record<string, { steps: Step[] }>; runs?: { steps: Step[] } };
  return [...Object.values(jobs).flatMap(({ steps }) => steps), ...(runs?.steps ?? [])];
}

/** The script of every job and hidden job of a GitLab file, as the runner puts its lines together. */
export function gitLabScripts(text: string): { readonly job: string; readonly script: string }[] {
  return Object.entries(parse(text) as Record<string, { before_script?: string[]; script?: string[] }>).flatMap(
    ([job, { script, before_script: before = [] }]) =>
      script === undefined ? [] : [{ job, script: `${[...before, ...script].join("\n")}\n` }],
  );
}
