/** Where a sandbox server keeps its things and listens. Ports are on 127.0.0.1. */
export interface ServerPlan {
  readonly storage: "raft" | "inmem";
  readonly dataDir: string;
  readonly auditLog: string;
  readonly port: number;
  /** Raft wants a cluster port even for a single node. */
  readonly clusterPort: number;
  /** HashiCorp Vault knows no audit devices in its configuration; there it is enabled by the API. */
  readonly auditByConfig: boolean;
}

/**
 * The server's configuration, as JSON. It holds no secret: the root token and the unseal key exist only after
 * initialisation and stay in a file that the owner alone can read.
 */
export function serverConfig(plan: ServerPlan): string {
  const storage =
    plan.storage === "raft"
      ? // The multiplier shortens the election of the single node from five seconds to one.
        { raft: { path: `${plan.dataDir}/raft`, node_id: "sandbox", performance_multiplier: "1" } }
      : { inmem: {} };
  const config = {
    ui: false,
    disable_mlock: true,
    log_level: "info",
    api_addr: `http://127.0.0.1:${plan.port}`,
    cluster_addr: `https://127.0.0.1:${plan.clusterPort}`,
    storage,
    listener: [
      {
        tcp: { address: `127.0.0.1:${plan.port}`, cluster_address: `127.0.0.1:${plan.clusterPort}`, tls_disable: true },
      },
    ],
    ...(plan.auditByConfig
      ? { audit: [{ file: { sandbox: { description: "every request, values hashed", options: auditOptions(plan) } } }] }
      : {}),
  };
  return JSON.stringify(config, null, 2);
}

/** Options of the file audit device, for the configuration and for `PUT sys/audit`. */
export function auditOptions(plan: Pick<ServerPlan, "auditLog">): Record<string, string> {
  return { file_path: plan.auditLog, mode: "0600" };
}
