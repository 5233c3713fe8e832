import type { VaultTokenStore } from "../edge/tokenStore";
import type { GatePolicy } from "./policy/policy";
import { MADE, type RenderedFile } from "./renderedFile";
import {
  SINK_SECRETS,
  selfHostConfig,
  selfHostProcesses,
  selfHostSecrets,
  type ProcessConfigs,
  type SelfHostOptions,
} from "./selfHost";

/** The release of workerd that the gate is tested under; a test keeps it the one that is pinned. */
export const WORKERD_VERSION = "1.20260426.1";

export interface SelfHostFilesOptions extends Omit<SelfHostOptions, "ledgerDirectory" | "auditDirectory" | "modules"> {
  /**
   * The bundled modules' texts. Of a gate in several processes, `ledger` is the ledger's process, and `ledgerRelay` is
   * there; `supervisor` is the program that starts and restarts them where no service manager does.
   */
  readonly modules: {
    readonly gate: string;
    readonly ledger: string;
    readonly forwarder?: string;
    readonly ledgerRelay?: string;
    readonly supervisor?: string;
  };
  /** How many gate processes share the work. Default: one, with the ledger in it. */
  readonly processes?: number;
  /** The folder in which the files lie on the gate's machine; an absolute path. */
  readonly folder: string;
  /** Where ledger and audit trail lie there; an absolute path. */
  readonly state: string;
  /** Path of workerd there. */
  readonly workerd: string;
  /** The account that the service runs as, and nothing else does. */
  readonly user: string;
}

/** What `serve.mjs` reads: how the gate of its folder is started. */
export interface ServeSettings {
  /** Address to listen on. */
  readonly listen: string;
  readonly processes: number;
  /** Path of workerd. */
  readonly workerd: string;
  /** Path of the ledger's socket; undefined where the ledger is a part of the gate's process. */
  readonly ledgerSocket?: string;
  /** Path of the forwarder's socket; undefined where it has no process of its own. */
  readonly forwarderSocket?: string;
  /** Folder for a socket of each gate process, which the supervisor alone uses. */
  readonly state: string;
}

/** The socket of one gate process, by its number from 1. A path of the file system has at most 107 bytes there. */
export const ownSocketOf = (state: string, number: number | string): string => `${state}/gate-${number}.sock`;

/** What the forwarder's process needs of the secrets. */
export const FORWARDER_SECRETS: readonly string[] = [SINK_SECRETS, "ALERT_SECRET"];

/** Files that the operator fills; rendering anew leaves them as they are. */
export const STATE_OF_SELF_HOST: ReadonlySet<string> = new Set(["secrets.env"]);

/**
 * Every file of a gate on one's own machine. No secret stands in any of them: `secrets.env` names what the operator
 * puts there. Pure: the same options give the same files.
 * @throws Error for an address without TLS that leaves the machine
 */
export function selfHostFiles(options: SelfHostFilesOptions): readonly RenderedFile[] {
  const { modules, folder, state, workerd, user, policy, tokenStore, alerts, listen, sinks = [] } = options;
  const { processes = 1 } = options;
  const port = Number(/:(\d+)$/.exec(listen)?.[1] ?? 0);
  const several = processes > 1;
  const supervised = modules.supervisor !== undefined;
  const ledgerSocket = `${state}/ledger.sock`;
  const forwarderSocket = several && sinks.length > 0 ? `${state}/forwarder.sock` : undefined;
  const config = {
    ...options,
    ledgerDirectory: `${state}/ledger`,
    auditDirectory: `${state}/audit`,
    ledgerSocket,
    ...(forwarderSocket === undefined ? {} : { forwarderSocket }),
    ownSocket: several || supervised,
    modules: { gate: "gate.js", ledger: "ledger.js", forwarder: "forwarder.js", ledgerRelay: "ledgerRelay.js" },
  };
  const configs: Partial<ProcessConfigs> = several ? selfHostProcesses(config) : { gate: selfHostConfig(config) };
  const settings: ServeSettings = {
    listen,
    processes,
    workerd,
    state,
    ...(several ? { ledgerSocket } : {}),
    ...(forwarderSocket === undefined ? {} : { forwarderSocket }),
  };
  const service = several ? "gatehouse-gate.target" : "gatehouse-gate";
  const texts: Readonly<Record<string, string | undefined>> = {
    "gate.capnp": configs.gate,
    "ledger.capnp": configs.ledger,
    "forwarder.capnp": configs.forwarder,
    "gate.js": modules.gate,
    "ledger.js": modules.ledger,
    "ledgerRelay.js": several ? modules.ledgerRelay : undefined,
    "forwarder.js": sinks.length === 0 ? undefined : modules.forwarder,
    "serve.mjs": modules.supervisor,
    "serve.json": supervised ? `${JSON.stringify(settings, undefined, 2)}\n` : undefined,
    "secrets.env": secretsFile(options),
    "start.sh": startScript(supervised ? "node serve.mjs" : `${workerd} serve gate.capnp`),
    ...(several
      ? unitsOfSeveral({ folder, user, state, workerd, listen, processes, ledgerSocket, forwarderSocket })
      : { "gatehouse-gate.service": unit(folder, user, state) }),
    Containerfile: containerFile(port, state, workerd, [
      "gate.capnp",
      "gate.js",
      "ledger.js",
      ...(several ? ["ledger.capnp", "ledgerRelay.js"] : []),
      ...(supervised ? ["serve.mjs", "serve.json"] : []),
      ...(sinks.length === 0 ? [] : ["forwarder.js"]),
      ...(forwarderSocket === undefined ? [] : ["forwarder.capnp"]),
    ]),
    "egress.nft": egressRules(user),
    "egress-hosts": outside(policy, tokenStore, [
      ...(alerts.webhook === undefined ? [] : [alerts.webhook]),
      ...sinks.map(({ url }) => url),
    ])
      .map((host) => `${host}\n`)
      .join(""),
    "egress.sh": egressScript(),
    "backup.sh": backupScript(state, service),
    "restore.sh": restoreScript(state, service),
  };
  return Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [{ name, text }]));
}

/** Where the operator has each secret from. */
const SECRETS: Readonly<Record<string, string>> = {
  VAULT_SECRET_ID: "secret id of the gate's AppRole",
  ALERT_SECRET: "pulumi stack output alertSecret --show-secrets",
  CHECKPOINT_KEY: "base64 of 32 random bytes (openssl rand -base64 32); keep it, or the trail's signatures end",
  GITHUB_WEBHOOK_SECRET: "pulumi stack output githubWebhookSecret --show-secrets",
  [SINK_SECRETS]:
    'token, API key or secret access key of each sink by its name, in single quotes: \'{"splunk-hec":"…"}\'',
};

const namesOfSecrets = (options: Pick<SelfHostFilesOptions, "githubEvents" | "sinks">): readonly string[] => [
  ...selfHostSecrets(options),
  ...((options.sinks ?? []).length > 0 ? [SINK_SECRETS] : []),
];

const secretsFile = (options: SelfHostFilesOptions): string =>
  [
    "# The gate's secrets, as NAME=value; readable by root alone (chmod 600). Rendering anew keeps this file.",
    ...namesOfSecrets(options).flatMap((name) => [`# ${name}: ${SECRETS[name] ?? ""}.`, `${name}=`]),
    "",
  ].join("\n");

/**
 * What a `secrets.env` that was kept lacks, each with where it is from: a setting that came later needs one more.
 * @param text the file as it is
 */
export const missingSecrets = (
  text: string,
  options: Pick<SelfHostFilesOptions, "githubEvents" | "sinks">,
): readonly string[] =>
  namesOfSecrets(options)
    .filter((name) => !new RegExp(`^${name}=`, "m").test(text))
    .map((name) => `${name}: ${SECRETS[name] ?? ""}`);

const startScript = (command: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# Starts the gate in the foreground, with the secrets of secrets.env in its environment.",
    "set -eu",
    'cd "$(dirname "$0")"',
    // systemd has read them already, as root; where the service's user cannot, they are there.
    "if [ -r secrets.env ]; then set -a; . ./secrets.env; set +a; fi",
    `exec ${command}`,
    "",
  ].join("\n");

/** Hardened as far as a JIT lets: V8 writes code, so memory may be both written and executed. */
const serviceSection = (folder: string, user: string, state: string, start: readonly string[]): readonly string[] => [
  "[Service]",
  `User=${user}`,
  `Group=${user}`,
  `WorkingDirectory=${folder}`,
  ...start,
  "Restart=always",
  "RestartSec=1",
  `ReadWritePaths=${state}`,
  "UMask=0077",
  "LimitNOFILE=65536",
  "MemoryMax=1G",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "PrivateIPC=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "ProcSubset=pid",
  "RemoveIPC=yes",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged",
  "SystemCallErrorNumber=EPERM",
  "",
];

const unitText = (lines: readonly string[]): string => [MADE, ...lines].join("\n");

const unit = (folder: string, user: string, state: string): string =>
  unitText([
    "[Unit]",
    "Description=Gatehouse: the gate between an agent and GitHub",
    "Wants=network-online.target",
    "After=network-online.target nftables.service",
    "",
    ...serviceSection(folder, user, state, [`EnvironmentFile=${folder}/secrets.env`, `ExecStart=${folder}/start.sh`]),
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ]);

/**
 * The units of a gate in several processes. systemd holds both sockets, so that a process that starts again misses no
 * connection; each instance of the template accepts from the same one (systemd.socket(5), `Service=`; systemd.service(5),
 * `Sockets=`). Stopping the target stops all: the gates before the ledger, since systemd stops in the order opposite to
 * `After=`.
 */
function unitsOfSeveral(gate: {
  readonly folder: string;
  readonly user: string;
  readonly state: string;
  readonly workerd: string;
  readonly listen: string;
  readonly processes: number;
  readonly ledgerSocket: string;
  readonly forwarderSocket: string | undefined;
}): Readonly<Record<string, string>> {
  const { folder, user, state, workerd, listen, processes, ledgerSocket, forwarderSocket } = gate;
  const instances = Array.from({ length: processes }, (_, i) => `gatehouse-gate@${i + 1}.service`);
  const part = "PartOf=gatehouse-gate.target";
  return {
    "gatehouse-gate.target": unitText([
      "[Unit]",
      "Description=Gatehouse: the gate between an agent and GitHub",
      `Wants=gatehouse-ledger.socket gatehouse-gate.socket gatehouse-ledger.service ${[...instances, ...(forwarderSocket === undefined ? [] : ["gatehouse-forwarder.socket gatehouse-forwarder.service"])].join(" ")}`,
      "",
      "[Install]",
      "WantedBy=multi-user.target",
      "",
    ]),
    "gatehouse-gate.socket": unitText([
      "[Unit]",
      "Description=Gatehouse: where the gate's processes listen",
      part,
      "",
      "[Socket]",
      `ListenStream=${listenStream(listen)}`,
      "Backlog=1024",
      "Service=gatehouse-gate@1.service",
      "",
    ]),
    "gatehouse-gate@.service": unitText([
      "[Unit]",
      "Description=Gatehouse: gate process %i",
      part,
      "Wants=network-online.target",
      "After=network-online.target nftables.service gatehouse-ledger.service gatehouse-ledger.socket",
      "",
      ...serviceSection(folder, user, state, [
        "Sockets=gatehouse-gate.socket",
        `EnvironmentFile=${folder}/secrets.env`,
        ...(forwarderSocket === undefined ? [] : [`UnsetEnvironment=${SINK_SECRETS}`]),
        `ExecStartPre=/bin/rm -f ${ownSocketOf(state, "%i")}`,
        `ExecStart=${workerd} serve gate.capnp --socket-fd=http=3 --socket-addr=own=unix:${ownSocketOf(state, "%i")}`,
      ]),
    ]),
    "gatehouse-ledger.socket": fileSocketUnit(
      user,
      "where the ledger listens for the other processes",
      ledgerSocket,
      "Whoever can open it can write records and change limits.",
    ),
    "gatehouse-ledger.service": unitText([
      "[Unit]",
      "Description=Gatehouse: limits and audit trail of the gate's processes",
      part,
      "Requires=gatehouse-ledger.socket",
      "",
      // It judges nothing and reaches nobody, so it gets no secret.
      ...serviceSection(folder, user, state, [`ExecStart=${workerd} serve ledger.capnp --socket-fd=ledger=3`]),
    ]),
    ...(forwarderSocket === undefined
      ? {}
      : {
          "gatehouse-forwarder.socket": fileSocketUnit(
            user,
            "where the ledger wakes the forwarder",
            forwarderSocket,
            "Whoever can open it can wake the forwarder.",
          ),
          "gatehouse-forwarder.service": unitText([
            "[Unit]",
            "Description=Gatehouse: copies the audit trail to its sinks",
            part,
            "Requires=gatehouse-forwarder.socket",
            "Wants=network-online.target",
            "After=network-online.target nftables.service gatehouse-ledger.service gatehouse-ledger.socket",
            "",
            ...serviceSection(folder, user, state, [
              `EnvironmentFile=${folder}/secrets.env`,
              `UnsetEnvironment=${selfHostSecrets({ githubEvents: true })
                .filter((name) => !FORWARDER_SECRETS.includes(name))
                .join(" ")}`,
              `ExecStart=${workerd} serve forwarder.capnp --socket-fd=forwarder=3`,
            ]),
          ]),
        }),
  };
}

/** The unit of a socket in the file system. @param danger what its mode prevents */
const fileSocketUnit = (user: string, what: string, path: string, danger: string): string =>
  unitText([
    "[Unit]",
    `Description=Gatehouse: ${what}`,
    "PartOf=gatehouse-gate.target",
    "",
    "[Socket]",
    `ListenStream=${path}`,
    `# ${danger}`,
    `SocketUser=${user}`,
    "SocketMode=0600",
    "DirectoryMode=0700",
    "RemoveOnStop=yes",
    "",
  ]);

/** An address of workerd as systemd takes it, which looks no name up. */
const listenStream = (listen: string): string => listen.replace(/^\*:/, "").replace(/^localhost:/, "127.0.0.1:");

/** @param copied the files that run in it; with `serve.mjs`, that starts the processes, and the image needs Node */
function containerFile(port: number, state: string, workerd: string, copied: readonly string[]): string {
  const supervised = copied.includes("serve.mjs");
  return [
    MADE,
    "# Build in this folder: podman build -t gatehouse-gate . Run it with a volume for the state and the secrets as environment:",
    `# podman run --read-only --cap-drop=all --env-file secrets.env -v gatehouse:${state} -p ${port}:${port} gatehouse-gate`,
    "# A container listens on all of its addresses: render with --listen 0.0.0.0 and a port, and --url.",
    ...(supervised
      ? [
          "# podman stop -t 35 leaves the processes the time for answers that they have begun; serve.mjs stops them in order.",
        ]
      : []),
    "FROM docker.io/library/node:22-bookworm-slim AS workerd",
    `RUN npm install --prefix /workerd --ignore-scripts --no-audit workerd@${WORKERD_VERSION} \\`,
    ' && cp "$(find /workerd/node_modules/@cloudflare -path "*bin/workerd" -type f)" /usr/local/bin/workerd',
    "",
    `FROM docker.io/library/${supervised ? "node:22-bookworm-slim" : "debian:12-slim"}`,
    "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \\",
    ` && useradd --system --no-create-home gatehouse && install -d -o gatehouse -g gatehouse -m 700 ${state} ${state}/ledger ${state}/audit`,
    `COPY --from=workerd /usr/local/bin/workerd ${supervised ? workerd : "/usr/local/bin/workerd"}`,
    `COPY ${copied.join(" ")} /gate/`,
    "WORKDIR /gate",
    "USER gatehouse",
    `VOLUME ${state}`,
    `EXPOSE ${port}`,
    supervised ? 'CMD ["node", "serve.mjs"]' : 'CMD ["workerd", "serve", "gate.capnp"]',
    "",
  ].join("\n");
}

/** Host and port of every address that the gate reaches; on the machine itself there is no way out to open. */
function outside(policy: GatePolicy, tokenStore: VaultTokenStore, receivers: readonly string[]): readonly string[] {
  const urls = [
    policy.upstream.api,
    policy.upstream.graphql,
    policy.upstream.git,
    ...policy.downloadHosts.map((host) => `https://${host}`),
    ...policy.lfsHosts.map((host) => `https://${host}`),
    tokenStore.address,
    ...receivers,
  ];
  const places = urls.flatMap((url) => {
    const [, scheme, host, port] = /^(https?):\/\/(\[[^\]]+\]|[^/:]+)(?::(\d+))?/.exec(url) ?? [];
    return host === undefined ? [] : [`${host.replace(/[[\]]/g, "")} ${port ?? (scheme === "https" ? "443" : "80")}`];
  });
  return [...new Set(places)].sort();
}

const egressRules = (user: string): string =>
  [
    "#!/usr/sbin/nft -f",
    MADE,
    "# Everything that the gate's account sends leaves only to the addresses of egress-hosts, which egress.sh puts into the",
    "# sets below. They hold for an hour; without egress.sh every way out closes by itself.",
    "table inet gatehouse",
    "delete table inet gatehouse",
    "table inet gatehouse {",
    "  set out4 { type ipv4_addr . inet_service; flags timeout; }",
    "  set out6 { type ipv6_addr . inet_service; flags timeout; }",
    "  set names4 { type ipv4_addr; flags timeout; }",
    "  set names6 { type ipv6_addr; flags timeout; }",
    "  chain output {",
    "    type filter hook output priority filter; policy accept;",
    `    meta skuid != "${user}" accept`,
    '    oifname "lo" accept',
    "    ct state established,related accept",
    "    ip daddr . tcp dport @out4 accept",
    "    ip6 daddr . tcp dport @out6 accept",
    "    ip daddr @names4 meta l4proto { tcp, udp } th dport 53 accept",
    "    ip6 daddr @names6 meta l4proto { tcp, udp } th dport 53 accept",
    "    counter reject with icmpx admin-prohibited",
    "  }",
    "}",
    "",
  ].join("\n");

const egressScript = (): string =>
  [
    "#!/bin/sh",
    MADE,
    "# Looks the hosts of egress-hosts up and opens the way to them for an hour. Run it as root at start and every five",
    "# minutes, since the addresses of a name change: first time with egress.nft loaded (nft -f egress.nft).",
    "set -eu",
    'cd "$(dirname "$0")"',
    "rules=$(mktemp)",
    `trap 'rm -f "$rules"' EXIT`,
    "add() { # set, element: a second time its hour begins anew",
    '  printf "add element inet gatehouse %s { %s timeout 1h }\\ndelete element inet gatehouse %s { %s }\\nadd element inet gatehouse %s { %s timeout 1h }\\n" "$1" "$2" "$1" "$2" "$1" "$2" >> "$rules"',
    "}",
    "while read -r host port; do",
    '  addresses=$(getent ahosts "$host" | cut -d" " -f1 | sort -u) || { echo "egress.sh: $host has no address" >&2; continue; }',
    "  for address in $addresses; do",
    '    case $address in *:*) add out6 "$address . $port" ;; *) add out4 "$address . $port" ;; esac',
    "  done",
    "done < egress-hosts",
    "while read -r word address _; do",
    '  [ "$word" = nameserver ] || continue',
    '  case $address in *:*) add names6 "${address%%%*}" ;; *) add names4 "$address" ;; esac',
    "done < /etc/resolv.conf",
    'nft -f "$rules"',
    "",
  ].join("\n");

/** What the scripts of backup and restore share: the gate is closed while its files are read or replaced. */
const stopped = (state: string, service: string): readonly string[] => [
  "set -eu",
  "umask 077",
  `state=\${GATEHOUSE_STATE:-${state}}`,
  `service=\${GATEHOUSE_SERVICE-${service}}`,
  'if [ -n "$service" ]; then systemctl stop "$service"; trap \'systemctl start "$service"\' EXIT; fi',
];

const backupScript = (state: string, service: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# backup.sh FILE: ledger and audit trail in one archive. The gate is closed for the seconds that takes, so that both",
    "# belong together. GATEHOUSE_SERVICE='' leaves the service alone, for one that is stopped already.",
    ...stopped(state, service),
    "file=${1:?name the file to write, such as /backup/gate.tar.gz}",
    'tar -C "$state" -czf "$file.part" ledger audit',
    'mv "$file.part" "$file"',
    "",
  ].join("\n");

const restoreScript = (state: string, service: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# restore.sh FILE: puts a backup in the place of ledger and audit trail. What was there is kept beside it, since the",
    "# records after the backup are in it alone.",
    ...stopped(state, service),
    "file=${1:?name the backup}",
    'fresh=$(mktemp -d "$state/restore.XXXXXX")',
    'tar -C "$fresh" -xzpf "$file"',
    'kept="$state/before-restore.$(date -u +%Y%m%dT%H%M%SZ)"',
    'mkdir "$kept"',
    'for part in ledger audit; do mv "$state/$part" "$kept/"; mv "$fresh/$part" "$state/"; done',
    'rmdir "$fresh"',
    'echo "what was there is in $kept"',
    "",
  ].join("\n");
