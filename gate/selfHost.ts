import { bindingKinds, type BindingKind } from "../edge/bindings";
import type { VaultTokenStore } from "../edge/tokenStore";
import {
  COMPATIBILITY_DATE,
  FORWARDER_BINDINGS,
  GATE_BINDINGS,
  LEDGER_CLASS,
  type GateCondition,
  type Sink,
} from "./contract";
import { LOOPBACK } from "./loopback";
import type { GatePolicy } from "./policy/policy";
import { MADE } from "./renderedFile";

/**
 * A gate on one's own machine, for a GitHub Enterprise Server behind a firewall: the same modules under `workerd
 * serve`.
 */
export interface SelfHostOptions {
  readonly policy: GatePolicy;
  readonly gateKeys: readonly { readonly agent: string; readonly sha256: string; readonly notAfter?: string }[];
  readonly operatorKeys: readonly { readonly sha256: string; readonly notAfter?: string }[];
  /** Who may make keys of sessions; only where the policy has them. */
  readonly sessionIssuers?: readonly { readonly sha256: string; readonly notAfter?: string }[];
  /** Vault only: Workers KV does not exist here. */
  readonly tokenStore: VaultTokenStore;
  readonly alerts: { readonly webhook?: string };
  /** Address to listen on, such as `127.0.0.1:8787`. TLS belongs to whatever stands in front. */
  readonly listen: string;
  /**
   * Where clients reach the gate: the address of what stands in front, such as `https://gate.acme.example`. It stands
   * in every address of the gate that an answer has, whatever a client calls it. `https`, or `http` on the machine
   * itself. Default: `http://` and `listen`, where that is on the machine itself.
   */
  readonly publicUrl?: string;
  /**
   * The header in which what stands in front names the client's address, and which it takes from nobody. Default: none,
   * and records name no address.
   */
  readonly clientIpHeader?: string;
  /**
   * Directories that exist and that only the service's user can read: the ledger's database, and the audit trail.
   * Relative to the configuration.
   */
  readonly ledgerDirectory: string;
  readonly auditDirectory: string;
  /** Bundled modules, relative to the configuration. */
  readonly modules: { readonly gate: string; readonly ledger: string; readonly forwarder?: string };
  /** Certificates in PEM that those of GitHub, Vault and receivers may lead to, beside the machine's own. Default: none. */
  readonly trustedCertificates?: readonly string[];
  /** Whether each process has a socket of its own too, for whoever supervises it. Default: no. */
  readonly ownSocket?: boolean;
  /**
   * Where copies of the audit trail go; `modules.forwarder` (gate/forwarder/selfHosted.ts) brings them there. Their
   * secrets stand in the process's environment, in SINK_SECRETS: JSON of each sink's secret by its name.
   */
  readonly sinks?: readonly Sink[];
  /** Whether GitHub's webhooks deliver here, for the audit trail; signed with GITHUB_WEBHOOK_SECRET of the environment. */
  readonly githubEvents?: boolean;
}

const webhookCondition = ({ githubEvents = false }: Pick<SelfHostOptions, "githubEvents">): readonly GateCondition[] =>
  githubEvents ? ["github-webhook"] : [];

/** Secrets that the configuration takes from the environment of the process, so that they stand in no file. */
export const selfHostSecrets = (options: Pick<SelfHostOptions, "githubEvents">): readonly string[] =>
  [...bindingKinds(GATE_BINDINGS, ["self-hosted", "vault", ...webhookCondition(options)])]
    .filter(([, kind]) => kind === "secret_text")
    .map(([name]) => name);

/** That of the forwarder, where there are sinks. */
export const SINK_SECRETS = "SINK_SECRETS";

/**
 * V8 keeps its young generation small, so that pauses get short and memory flat. With 2 MB the objects of requests
 * under way no longer fit in it: they grow old, and are then destroyed by thousands in one pause. 4 MB cost some
 * hundredths of the CPU more, and halve the slowest hundredth of 64 connections.
 */
const V8_FLAGS = ["--max-semi-space-size=4"];

const text = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
/** JSON inside a text: escapes of JSON are escaped once more, which `text` does. */
const json = (value: unknown): string => text(text(value));

const PUBLIC_URL = new RegExp(String.raw`^(?:https://[^\s/?#@]+|http://${LOOPBACK}(?::\d{1,5})?)$`, "i");

/**
 * The address in `options`, or what follows from where the gate listens. Throws when it would lead clients elsewhere,
 * or to an address without TLS.
 */
function publicUrlOf({ publicUrl, listen }: SelfHostOptions): string {
  const url = publicUrl ?? `http://${listen}`;
  if (PUBLIC_URL.test(url)) return url;
  throw new Error(
    publicUrl === undefined
      ? `publicUrl is missing: the gate listens on ${listen}, so clients reach it from elsewhere; name its https address`
      : `publicUrl is ${publicUrl}; it must be https://host, without a path, or http:// on this machine`,
  );
}

/** The bindings of the gate's contract that a gate of one's own has, as lines of the configuration. */
function bindings(options: SelfHostOptions): string[] {
  const values: Partial<Record<keyof typeof GATE_BINDINGS, unknown>> = {
    POLICY: options.policy,
    GATE_KEYS: options.gateKeys,
    OPERATOR_KEYS: options.operatorKeys,
    SESSION_ISSUERS: options.sessionIssuers,
    TOKEN_STORE: options.tokenStore,
    ALERTS: options.alerts,
    PUBLIC_URL: publicUrlOf(options),
    CLIENT_IP_HEADER: options.clientIpHeader,
  };
  const conditions: readonly GateCondition[] = [
    "self-hosted",
    "vault",
    "public-url",
    ...(options.clientIpHeader === undefined ? [] : (["client-ip-header"] as const)),
    ...(options.sessionIssuers === undefined ? [] : (["session-keys"] as const)),
    ...webhookCondition(options),
  ];
  return [...bindingKinds(GATE_BINDINGS, conditions)].map(
    ([name, kind]) => `  (name = ${text(name)}, ${bound(name, kind, values[name])}),`,
  );
}

const hasSinks = ({ sinks = [] }: SelfHostOptions): boolean => sinks.length > 0;

/** What copies the trail to the sinks. Its clock lies beside the ledger. */
function forwarderWorker({ sinks, alerts, modules }: SelfHostOptions): string {
  if (modules.forwarder === undefined) throw new Error("there are sinks, so modules.forwarder is needed");
  const values: Partial<Record<keyof typeof FORWARDER_BINDINGS, unknown>> = { SINKS: sinks, ALERTS: alerts };
  const bindings = [...bindingKinds(FORWARDER_BINDINGS, ["self-hosted"])].map(
    ([name, kind]) => `  (name = ${text(name)}, ${bound(name, kind, values[name])}),`,
  );
  return worker("forwarder", "forwarder.js", modules.forwarder, [
    "bindings = [",
    ...bindings,
    '  (name = "CLOCK", durableObjectNamespace = (className = "Clock")),',
    "],",
    'durableObjectNamespaces = [(className = "Clock", uniqueKey = "gatehouse-forwarder", enableSql = true)],',
    'durableObjectStorage = (localDisk = "ledger-disk"),',
    'globalOutbound = "internet",',
  ]);
}

/** The ledger's way to wake the forwarder, as one of its bindings. */
const WAKES_FORWARDER = '(name = "FORWARDER", service = "forwarder")';

/** What a binding is bound to. */
function bound(name: string, kind: BindingKind, value: unknown): string {
  if ((kind === "json" || kind === "plain_text") && value === undefined)
    throw new Error(`the gate's binding ${name} has no value`);
  switch (kind) {
    case "json":
      return `json = ${json(value)}`;
    case "plain_text":
      return `text = ${text(value)}`;
    case "secret_text":
      return `fromEnvironment = ${text(name)}`;
    case "durable_object_namespace":
      return `durableObjectNamespace = (className = ${text(LEDGER_CLASS)}, serviceName = "ledger")`;
    case "service":
      return 'service = "audit-disk"';
    default:
      throw new Error(`the gate's binding ${name}: workerd has no ${kind}`);
  }
}

/** A service that workerd runs: its name, and what it is. */
type Service = readonly [name: string, is: string];

const disk = (path: string): string => `disk = (path = ${text(path)}, writable = true)`;
const network = ({ trustedCertificates = [] }: SelfHostOptions): string =>
  `network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true, trustedCertificates = [${trustedCertificates.map(text).join(", ")}]))`;

/** A whole configuration, up to the Workers' own parts. */
function configOf(services: readonly Service[], sockets: string, workers: readonly string[]): string {
  return [
    'using Workerd = import "/workerd/workerd.capnp";',
    "",
    MADE,
    "const config :Workerd.Config = (",
    "  services = [",
    ...services.map(([name, is]) => `    (name = ${text(name)}, ${is}),`),
    "  ],",
    `  sockets = [${sockets}],`,
    `  v8Flags = [${V8_FLAGS.map(text).join(", ")}],`,
    ");",
    "",
    ...workers,
  ].join("\n");
}

function worker(name: string, file: string, module: string, more: readonly string[]): string {
  return [
    `const ${name} :Workerd.Worker = (`,
    `  modules = [(name = ${text(file)}, esModule = embed ${text(module)})],`,
    `  compatibilityDate = ${text(COMPATIBILITY_DATE)},`,
    ...more.map((line) => `  ${line}`),
    ");",
    "",
  ].join("\n");
}

const gateWorker = (options: SelfHostOptions): string =>
  worker("gate", "gate.js", options.modules.gate, [
    "bindings = [",
    ...bindings(options),
    "],",
    'globalOutbound = "internet",',
  ]);

/**
 * Where the gate listens. `own` is where a supervisor reaches this process alone: it gives the address
 * (`--socket-addr=own=unix:…`), and workerd does not start without one. It is the same gate.
 */
const gateSockets = (listen: string, own: boolean): string =>
  [
    `(name = "http", address = ${text(listen)}, http = (), service = "gate")`,
    ...(own ? ['(name = "own", http = (), service = "gate")'] : []),
  ].join(", ");

/** The Durable Object that all of a machine's gates share, on disk. */
const LEDGER_OBJECT: readonly string[] = [
  `durableObjectNamespaces = [(className = ${text(LEDGER_CLASS)}, uniqueKey = "gatehouse-ledger", enableSql = true)],`,
  'durableObjectStorage = (localDisk = "ledger-disk"),',
];

/** The configuration of `workerd serve` in Cap'n Proto's text form. Pure: the same options give the same text. */
export function selfHostConfig(options: SelfHostOptions): string {
  const forwards = hasSinks(options);
  return configOf(
    [
      ["gate", "worker = .gate"],
      ["ledger", "worker = .ledger"],
      ["ledger-disk", disk(options.ledgerDirectory)],
      ["audit-disk", disk(options.auditDirectory)],
      ["internet", network(options)],
      ...(forwards ? [["forwarder", "worker = .forwarder"] as const] : []),
    ],
    gateSockets(options.listen, options.ownSocket === true),
    [
      gateWorker(options),
      worker("ledger", "ledger.js", options.modules.ledger, [
        ...(forwards ? [`bindings = [${WAKES_FORWARDER}],`] : []),
        ...LEDGER_OBJECT,
      ]),
      ...(forwards ? [forwarderWorker(options)] : []),
    ],
  );
}

/** A gate in several processes on one machine. */
export interface SelfHostProcesses extends SelfHostOptions {
  /** The socket of the ledger's process in the file system, in a directory that only the service's user can enter. */
  readonly ledgerSocket: string;
  /** That of the forwarder's process, in such a directory too; needed where there are sinks. */
  readonly forwarderSocket?: string;
  /** Bundled modules, relative to the configuration. */
  readonly modules: SelfHostOptions["modules"] & { readonly ledgerRelay: string };
}

/** The configurations of a gate in several processes. */
export interface ProcessConfigs {
  /** Of each gate process. */
  readonly gate: string;
  readonly ledger: string;
  /** Of the process that copies the trail to the sinks; absent without sinks. */
  readonly forwarder?: string;
}

/**
 * The configurations of a gate that uses all processors: one for a process with the ledger, one for each of as many
 * gate processes as there are processors, and one for a forwarder where there are sinks. The gates accept from one
 * listening socket, which they inherit (`workerd serve gate.capnp --socket-fd http=3`), and share the ledger: limits
 * stay exact, and the trail stays one chain. `modules.ledger` is `gate/worker/ledgerProcess.ts` here.
 *
 * The forwarder has a process of its own, so that neither what it sends nor its end delays the ledger; the gates and the
 * ledger never have its secrets. It asks the ledger how far each sink is, and its clock lies in the ledger's directory,
 * where a gate in one process has it too. Pure.
 * @throws Error for sinks without `forwarderSocket` or `modules.forwarder`
 */
export function selfHostProcesses(options: SelfHostProcesses): ProcessConfigs {
  const forwarderSocket = hasSinks(options) ? options.forwarderSocket : undefined;
  if (hasSinks(options) && forwarderSocket === undefined)
    throw new Error("there are sinks, so forwarderSocket is needed");
  const ledgerProcess: Service = ["ledger-process", external(options.ledgerSocket)];
  const auditDisk: Service = ["audit-disk", disk(options.auditDirectory)];
  const ledgerDisk: Service = ["ledger-disk", disk(options.ledgerDirectory)];
  const internet: Service = ["internet", network(options)];
  const relay = worker("ledger", "ledgerRelay.js", options.modules.ledgerRelay, [
    'bindings = [(name = "LEDGER_PROCESS", service = "ledger-process")],',
    `durableObjectNamespaces = [(className = ${text(LEDGER_CLASS)}, uniqueKey = "gatehouse-ledger")],`,
    "durableObjectStorage = (inMemory = void),",
  ]);
  return {
    gate: configOf(
      [["gate", "worker = .gate"], ["ledger", "worker = .ledger"], ledgerProcess, auditDisk, internet],
      gateSockets(options.listen, options.ownSocket === true),
      [gateWorker(options), relay],
    ),
    ledger: configOf(
      [
        ["ledger", "worker = .ledger"],
        ledgerDisk,
        ...(forwarderSocket === undefined ? [] : [["forwarder", external(forwarderSocket)] as const]),
      ],
      fileSocket("ledger", options.ledgerSocket),
      [
        worker("ledger", "ledgerProcess.js", options.modules.ledger, [
          "bindings = [",
          `  (name = "LEDGER", durableObjectNamespace = (className = ${text(LEDGER_CLASS)})),`,
          ...(forwarderSocket === undefined ? [] : [`  ${WAKES_FORWARDER},`]),
          "],",
          ...LEDGER_OBJECT,
        ]),
      ],
    ),
    ...(forwarderSocket === undefined
      ? {}
      : {
          forwarder: configOf(
            [
              ["forwarder", "worker = .forwarder"],
              ["ledger", "worker = .ledger"],
              ledgerProcess,
              ledgerDisk,
              auditDisk,
              internet,
            ],
            fileSocket("forwarder", forwarderSocket),
            [forwarderWorker(options), relay],
          ),
        }),
  };
}

/** A service in another process, behind its socket in the file system. */
const external = (socket: string): string => `external = (address = ${text(`unix:${socket}`)}, http = ())`;

/** The socket in the file system at which a process offers the service of that name. */
const fileSocket = (service: string, socket: string): string =>
  `(name = ${text(service)}, address = ${text(`unix:${socket}`)}, http = (), service = ${text(service)})`;
