import { isAbsolute, join, resolve } from "node:path";
import { type Command } from "commander";
import { nginxFiles, STATE_OF_NGINX } from "../../gate/nginx";
import { guideOf, guideSkill } from "../../gate/policy/guide";
import { endpoints } from "../../infra/model";
import { compilePolicy, gateUrl } from "../../infra/plans";
import { ambientEffects } from "../../rotation/effects";
import { ON_MACHINE, originOf, publicUrlOf, withListening, type RenderOptions } from "../render/listening";
import { processCount, renderSelfHost, withSelfHost, type SelfHostCommandOptions } from "../render/selfHost";
import { sourcesOf } from "../render/sources";
import { writeAll } from "../render/write";
import { CouldNotRun } from "../support/exit";
import { withExamples, withProject, withStack } from "../support/options";
import { readProjectStack } from "../support/project";

interface NginxCommandOptions extends RenderOptions {
  readonly gate?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly ca: string;
  readonly modules: string;
}

/** `gatehouse render nginx|selfhost|guide`: the files of a gate on one's own machine, and what an agent is told. */
export function registerRender(program: Command): void {
  const render = program
    .command("render")
    .description("write the files of a gate that runs on your own machine, or the guide for its agent");
  const shared = (name: string, listen: string): Command =>
    withListening(withStack(withProject(render.command(name))), listen).requiredOption(
      "--out <dir>",
      "the folder to write; what is rendered there is written anew",
    );

  withExamples(
    shared("nginx", "127.0.0.1:8787")
      .description(
        "write a configuration of nginx that judges reads by the gate's own route table: nginx -p DIR -c nginx.conf",
      )
      .option("--gate <url>", "the self-hosted gate that judges what nginx cannot; without it that is refused")
      .option("--tls-certificate <file>", "certificate with which nginx shows itself to clients")
      .option("--tls-key <file>", "its key")
      .option("--ca <file>", "certificates that GitHub's must lead to", "/etc/ssl/certs/ca-certificates.crt")
      .option(
        "--modules <dir>",
        "folder of ngx_http_js_module.so (Debian: libnginx-mod-http-js)",
        "/usr/lib/nginx/modules",
      )
      .action(nginx),
    "gatehouse render nginx --stack prod --out /etc/gatehouse/nginx --outputs outputs.json --gate http://127.0.0.1:8788",
  );

  withExamples(
    withSelfHost(
      shared("selfhost", "127.0.0.1:8788").description(
        "write a gate of your own: workerd's configuration, service, container, egress rules, backup",
      ),
    )
      .option("--workerd <path>", "path of workerd on the gate's machine", "/usr/local/bin/workerd")
      .option("--user <name>", "the account that the service runs as, and nothing else does", "gatehouse")
      .action(selfHost),
    "gatehouse render selfhost --stack prod --out /etc/gatehouse/gate --outputs outputs.json --state /var/lib/gatehouse",
    "gatehouse render selfhost --stack prod --out /etc/gatehouse/gate --outputs outputs.json --processes 4",
  );

  withExamples(
    withStack(withProject(render.command("guide")))
      .description("write what the agent may do as a skill (SKILL.md): the text of {gate}/_gate/guide")
      .requiredOption("--out <dir>", "the folder to write")
      .option("--url <url>", "where the agent reaches the gate (default: the stack's host name)")
      .action(guide),
    "gatehouse render guide --stack prod --out skills/gatehouse",
  );
}

type GuideOptions = Pick<RenderOptions, "stack" | "config" | "project" | "out" | "url">;

/** `gatehouse render guide`: what the gate tells an agent, as a skill that it has before its first request. */
function guide(options: GuideOptions): void {
  const { environment } = readProjectStack(options.stack, options.config, options.project);
  const url = options.url === undefined ? gateUrl(environment) : originOf("--url", options.url);
  if (url === undefined)
    throw new CouldNotRun(
      "--url is missing: the stack does not name the gate's address; give one such as https://gate.acme.dev",
    );
  const policy = compilePolicy(environment, { endpoints: endpoints(environment.githubUrl), repositories: [] });
  writeAll(options.out, [{ name: "SKILL.md", text: guideSkill(guideOf(policy, url)) }], [], new Set());
  process.stdout.write(`Wrote ${join(options.out, "SKILL.md")}.\n`);
}

async function selfHost(options: SelfHostCommandOptions): Promise<void> {
  const { folder, missing } = await renderSelfHost(options, processCount(options.processes));
  say(options, missing, join(folder, "start.sh"));
}

async function nginx(options: NginxCommandOptions): Promise<void> {
  const { environment } = readProjectStack(options.stack, options.config, options.project);
  const { tlsCertificate, tlsKey } = options;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw new CouldNotRun("--tls-certificate and --tls-key: give both or none");
  const tls =
    tlsCertificate === undefined || tlsKey === undefined
      ? undefined
      : { certificate: resolve(tlsCertificate), key: resolve(tlsKey) };
  if (tls === undefined && !ON_MACHINE.test(options.listen))
    throw new CouldNotRun(
      `--listen ${options.listen} is reached from elsewhere, where the key would travel in clear; give --tls-certificate and --tls-key, or an address of this machine such as 127.0.0.1:8787`,
    );
  const publicUrl = publicUrlOf(options, tls === undefined ? "http" : "https", gateUrl(environment));
  const sources = await sourcesOf(options.stack, environment, process.env, ambientEffects(), options.outputs);
  for (const [option, value] of [
    ["--ca", options.ca],
    ["--modules", options.modules],
  ] as const)
    if (!isAbsolute(value)) throw new CouldNotRun(`${option} ${value}: give the whole path`);
  const { githubEvents } = environment.audit;
  const files = nginxFiles({
    policy: sources.policy,
    keys: sources.gateKeys,
    tokenStore: sources.tokenStore,
    roleId: sources.roleId,
    listen: options.listen,
    ...(tls === undefined ? {} : { tls }),
    publicUrl,
    githubEvents: githubEvents && options.gate !== undefined,
    unjudged: options.gate === undefined ? { kind: "refuse" } : { kind: "gate", url: originOf("--gate", options.gate) },
    trustedCertificates: options.ca,
    modules: options.modules,
  });
  writeAll(options.out, files, ["logs", "temp"], STATE_OF_NGINX);
  const untaken =
    githubEvents && options.gate === undefined
      ? ["nginx alone takes no webhooks of GitHub (audit.githubEvents): give --gate with a self-hosted gate."]
      : [];
  say(options, [...sources.missing, ...untaken], `nginx -p ${options.out} -c nginx.conf`);
}

function say({ out }: RenderOptions, missing: readonly string[], start: string): void {
  for (const line of missing) process.stderr.write(`missing: ${line}\n`);
  process.stdout.write(`Wrote ${out}. Start it: ${start}\n`);
}
