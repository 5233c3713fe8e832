import type { VaultTokenStore } from "../edge/tokenStore";
import type { GatePolicy } from "./policy/policy";
import { MADE, type RenderedFile } from "./renderedFile";
import { SELF_HOST_SECRETS, SINK_SECRETS, selfHostConfig, type SelfHostOptions } from "./selfHost";

/** The release of workerd that the gate is tested under; a test keeps it the one that is pinned. */
export const WORKERD_VERSION = "1.20260426.1";

export interface SelfHostFilesOptions extends Omit<SelfHostOptions, "ledgerDirectory" | "auditDirectory" | "modules"> {
  /** The bundled modules' texts. */
  readonly modules: { readonly gate: string; readonly ledger: string; readonly forwarder?: string };
  /** The folder in which the files lie on the gate's machine; an absolute path. */
  readonly folder: string;
  /** Where ledger and audit trail lie there; an absolute path. */
  readonly state: string;
  /** Path of workerd there. */
  readonly workerd: string;
  /** The account that the service runs as, and nothing else does. */
  readonly user: string;
}

/** Files that the operator fills; rendering anew leaves them as they are. */
export const STATE_OF_SELF_HOST: ReadonlySet<string> = new Set(["secrets.env"]);

/**
 * Every file of a gate on one's own machine. No secret stands in any of them: `secrets.env` names what the operator
 * puts there. Pure: the same options give the same files.
 * @throws Error for an address without TLS that leaves the machine
 */
export function selfHostFiles(options: SelfHostFilesOptions): readonly RenderedFile[] {
  const { modules, folder, state, workerd, user, policy, tokenStore, alerts, listen, sinks = [] } = options;
  const port = Number(/:(\d+)$/.exec(listen)?.[1] ?? 0);
  return [
    {
      name: "gate.capnp",
      text: selfHostConfig({
        ...options,
        ledgerDirectory: `${state}/ledger`,
        auditDirectory: `${state}/audit`,
        modules: { gate: "gate.js", ledger: "ledger.js", forwarder: "forwarder.js" },
      }),
    },
    { name: "gate.js", text: modules.gate },
    { name: "ledger.js", text: modules.ledger },
    ...(sinks.length === 0 ? [] : [{ name: "forwarder.js", text: modules.forwarder ?? "" }]),
    { name: "secrets.env", text: secretsFile(sinks.length > 0) },
    { name: "start.sh", text: startScript(workerd) },
    { name: "gatehouse-gate.service", text: unit(folder, user, state) },
    { name: "Containerfile", text: containerFile(port, state) },
    { name: "egress.nft", text: egressRules(user) },
    {
      name: "egress-hosts",
      text: outside(policy, tokenStore, [
        ...(alerts.webhook === undefined ? [] : [alerts.webhook]),
        ...sinks.map(({ url }) => url),
      ])
        .map((host) => `${host}\n`)
        .join(""),
    },
    { name: "egress.sh", text: egressScript() },
    { name: "backup.sh", text: backupScript(state) },
    { name: "restore.sh", text: restoreScript(state) },
  ];
}

const secretsFile = (hasSinks: boolean): string =>
  [
    "# The gate's secrets, as NAME=value; readable by root alone (chmod 600). Rendering anew keeps this file.",
    "# VAULT_SECRET_ID: secret id of the gate's AppRole. ALERT_SECRET: pulumi stack output alertSecret --show-secrets.",
    "# CHECKPOINT_KEY: base64 of 32 random bytes (openssl rand -base64 32); keep it, or the trail's signatures end.",
    ...SELF_HOST_SECRETS.map((name) => `${name}=`),
    ...(hasSinks
      ? [
          `# ${SINK_SECRETS}: token, API key or secret access key of each sink by its name, in single quotes: '{"splunk-hec":"…"}'`,
          `${SINK_SECRETS}=`,
        ]
      : []),
    "",
  ].join("\n");

const startScript = (workerd: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# Starts the gate in the foreground, with the secrets of secrets.env in its environment.",
    "set -eu",
    'cd "$(dirname "$0")"',
    // systemd has read them already, as root; where the service's user cannot, they are there.
    "if [ -r secrets.env ]; then set -a; . ./secrets.env; set +a; fi",
    `exec ${workerd} serve gate.capnp`,
    "",
  ].join("\n");

/** Hardened as far as a JIT lets: V8 writes code, so memory may be both written and executed. */
const unit = (folder: string, user: string, state: string): string =>
  [
    MADE,
    "[Unit]",
    "Description=Gatehouse: the gate between an agent and GitHub",
    "Wants=network-online.target",
    "After=network-online.target nftables.service",
    "",
    "[Service]",
    `User=${user}`,
    `Group=${user}`,
    `WorkingDirectory=${folder}`,
    `EnvironmentFile=${folder}/secrets.env`,
    `ExecStart=${folder}/start.sh`,
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
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");

const containerFile = (port: number, state: string): string =>
  [
    MADE,
    "# Build in this folder: podman build -t gatehouse-gate . Run it with a volume for the state and the secrets as environment:",
    `# podman run --read-only --cap-drop=all --env-file secrets.env -v gatehouse:${state} -p ${port}:${port} gatehouse-gate`,
    "# A container listens on all of its addresses: render with --listen 0.0.0.0 and a port, and --url.",
    "FROM docker.io/library/node:22-bookworm-slim AS workerd",
    `RUN npm install --prefix /workerd --ignore-scripts --no-audit workerd@${WORKERD_VERSION} \\`,
    ' && cp "$(find /workerd/node_modules/@cloudflare -path "*bin/workerd" -type f)" /usr/local/bin/workerd',
    "",
    "FROM docker.io/library/debian:12-slim",
    "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \\",
    ` && useradd --system --no-create-home gatehouse && install -d -o gatehouse -g gatehouse -m 700 ${state} ${state}/ledger ${state}/audit`,
    "COPY --from=workerd /usr/local/bin/workerd /usr/local/bin/workerd",
    "COPY gate.capnp gate.js ledger.js /gate/",
    "WORKDIR /gate",
    "USER gatehouse",
    `VOLUME ${state}`,
    `EXPOSE ${port}`,
    'CMD ["workerd", "serve", "gate.capnp"]',
    "",
  ].join("\n");

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
const stopped = (state: string): readonly string[] => [
  "set -eu",
  "umask 077",
  `state=\${GATEHOUSE_STATE:-${state}}`,
  "service=${GATEHOUSE_SERVICE-gatehouse-gate}",
  'if [ -n "$service" ]; then systemctl stop "$service"; trap \'systemctl start "$service"\' EXIT; fi',
];

const backupScript = (state: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# backup.sh FILE: ledger and audit trail in one archive. The gate is closed for the seconds that takes, so that both",
    "# belong together. GATEHOUSE_SERVICE='' leaves the service alone, for one that is stopped already.",
    ...stopped(state),
    "file=${1:?name the file to write, such as /backup/gate.tar.gz}",
    'tar -C "$state" -czf "$file.part" ledger audit',
    'mv "$file.part" "$file"',
    "",
  ].join("\n");

const restoreScript = (state: string): string =>
  [
    "#!/bin/sh",
    MADE,
    "# restore.sh FILE: puts a backup in the place of ledger and audit trail. What was there is kept beside it, since the",
    "# records after the backup are in it alone.",
    ...stopped(state),
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
