import { isAbsolute, join, resolve } from "node:path";
import { type Command } from "commander";
import { LOOPBACK } from "../../gate/loopback";
import { nginxFiles, STATE_OF_NGINX } from "../../gate/nginx";
import { guideOf, guideSkill } from "../../gate/policy/guide";
import { selfHostFiles, STATE_OF_SELF_HOST } from "../../gate/selfHostFiles";
import { bundleForwarder, bundleGate } from "../../infra/cloudflare/bundle";
import { endpoints } from "../../infra/model";
import { compilePolicy, forwardedSinks, gateUrl } from "../../infra/plans";
import { ambientEffects } from "../../rotation/effects";
import { sourcesOf } from "../render/sources";
import { writeAll } from "../render/write";
import { CouldNotRun } from "../support/exit";
import { withExamples, withProject, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

interface RenderOptions extends StackOptions {
  readonly project: string;
  readonly out: string;
  readonly outputs?: string;
  readonly listen: string;
  readonly url?: string;
}

interface NginxCommandOptions extends RenderOptions {
  readonly gate?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly ca: string;
  readonly modules: string;
}

/** What to listen on so that only this machine reaches it. */
const ON_MACHINE = new RegExp(String.raw`^${LOOPBACK}:\d{1,5}$`);
const ORIGIN = new RegExp(String.raw`^(?:https://[A-Za-z0-9.:[\]-]+|http://${LOOPBACK}(?::\d{1,5})?)$`);

/** `gatehouse render nginx|selfhost|guide`: the files of a gate on one's own machine, and what an agent is told. */
export function registerRender(program: Command): void {
  const render = program
    .command("render")
    .description("write the files of a gate that runs on your own machine, or the guide for its agent");
  const shared = (name: string, listen: string): Command =>
    withStack(withProject(render.command(name)))
      .requiredOption("--out <dir>", "the folder to write; what is rendered there is written anew")
      .option("--outputs <file>", "what the stack says of its gate: pulumi stack output --json, or pulumi stack export")
      .option("--listen <address>", "address and port to listen on", listen)
      .option(
        "--url <url>",
        "where clients reach it (default: http:// and the address, where that is on this machine)",
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
    shared("selfhost", "127.0.0.1:8788")
      .description("write a gate of your own: workerd's configuration, service, container, egress rules, backup")
      .option("--state <dir>", "where ledger and audit trail lie on the gate's machine (default: state in the folder)")
      .option("--workerd <path>", "path of workerd on the gate's machine", "/usr/local/bin/workerd")
      .option("--user <name>", "the account that the service runs as, and nothing else does", "gatehouse")
      .option("--client-ip-header <name>", "header in which what stands in front names the client, such as X-Real-IP")
      .action(selfHost),
    "gatehouse render selfhost --stack prod --out /etc/gatehouse/gate --outputs outputs.json --state /var/lib/gatehouse",
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

interface SelfHostCommandOptions extends RenderOptions {
  readonly state?: string;
  readonly workerd: string;
  readonly user: string;
  readonly clientIpHeader?: string;
}

async function selfHost(options: SelfHostCommandOptions): Promise<void> {
  const { environment } = readProjectStack(options.stack, options.config, options.project);
  const sources = await sourcesOf(options.stack, environment, process.env, ambientEffects(), options.outputs);
  if (sources.tokenStore === undefined)
    throw new CouldNotRun(
      "gatehouse:tokenStore is Workers KV, which only a Worker reaches; a gate of your own needs Vault or OpenBao",
    );
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(options.user))
    throw new CouldNotRun(`--user ${options.user} is no name of an account; give one such as gatehouse`);
  const folder = resolve(options.out);
  const state = resolve(options.state ?? join(folder, "state"));
  for (const [option, value] of [
    ["--out", folder],
    ["--state", state],
    ["--workerd", options.workerd],
  ] as const)
    if (!/^\/[A-Za-z0-9._/@+-]*$/.test(value))
      throw new CouldNotRun(`${option} ${value}: give a whole path of letters, digits and . _ - @ + without blanks`);
  const scripts = bundleGate();
  const { alertWebhook } = environment.audit;
  const { sinks } = forwardedSinks(environment);
  const files = selfHostFiles({
    policy: sources.policy,
    gateKeys: sources.gateKeys,
    operatorKeys: sources.operatorKeys,
    tokenStore: { ...sources.tokenStore, roleId: sources.roleId ?? "" },
    alerts: alertWebhook === undefined ? {} : { webhook: alertWebhook },
    listen: options.listen,
    publicUrl: publicUrlOf(options, "http", gateUrl(environment)),
    ...(options.clientIpHeader === undefined ? {} : { clientIpHeader: options.clientIpHeader }),
    sinks,
    modules: {
      gate: scripts.gate,
      ledger: scripts.ledger,
      ...(sinks.length === 0 ? {} : { forwarder: bundleForwarder() }),
    },
    folder,
    state,
    workerd: options.workerd,
    user: options.user,
  });
  writeAll(
    folder,
    files,
    options.state === undefined ? ["state", "state/ledger", "state/audit"] : [],
    STATE_OF_SELF_HOST,
  );
  say(options, sources.missing, join(folder, "start.sh"));
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
  const files = nginxFiles({
    policy: sources.policy,
    keys: sources.gateKeys,
    tokenStore: sources.tokenStore,
    roleId: sources.roleId,
    listen: options.listen,
    ...(tls === undefined ? {} : { tls }),
    publicUrl,
    unjudged: options.gate === undefined ? { kind: "refuse" } : { kind: "gate", url: originOf("--gate", options.gate) },
    trustedCertificates: options.ca,
    modules: options.modules,
  });
  writeAll(options.out, files, ["logs", "temp"], STATE_OF_NGINX);
  say(options, sources.missing, `nginx -p ${options.out} -c nginx.conf`);
}

function publicUrlOf({ url, listen }: RenderOptions, scheme: string, declared: string | undefined): string {
  if (url !== undefined) return originOf("--url", url);
  if (ON_MACHINE.test(listen)) return `${scheme}://${listen}`;
  if (declared !== undefined) return declared;
  throw new CouldNotRun(
    `--url is missing: ${listen} is reached from elsewhere; name the address that clients use, such as https://gate.acme.dev`,
  );
}

function originOf(option: string, value: string): string {
  const origin = value.replace(/\/$/, "");
  if (ORIGIN.test(origin)) return origin;
  throw new CouldNotRun(`${option} ${value}: give https://host without a path, or http:// on this machine`);
}

function say({ out }: RenderOptions, missing: readonly string[], start: string): void {
  for (const line of missing) process.stderr.write(`missing: ${line}\n`);
  process.stdout.write(`Wrote ${out}. Start it: ${start}\n`);
}
