import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { type Command } from "commander";
import { nginxFiles, STATE_OF_NGINX } from "../../gate/nginx";
import { gateUrl } from "../../infra/plans";
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

const ON_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d{1,5}$/;

/** `gatehouse render nginx|selfhost`: the files of a gate that runs on one's own machine. */
export function registerRender(program: Command): void {
  const render = program.command("render").description("write the files of a gate that runs on your own machine");
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
  writeAll(options.out, files, ["logs", "temp"], existsSync, STATE_OF_NGINX);
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
  if (
    /^https:\/\/[A-Za-z0-9.:[\]-]+$/.test(origin) ||
    (/^http:\/\//.test(origin) &&
      /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/.test(origin.slice("http://".length)))
  )
    return origin;
  throw new CouldNotRun(`${option} ${value}: give https://host without a path, or http:// on this machine`);
}

function say({ out }: RenderOptions, missing: readonly string[], start: string): void {
  for (const line of missing) process.stderr.write(`missing: ${line}\n`);
  process.stdout.write(`Wrote ${out}. Start it: ${start}\n`);
}
