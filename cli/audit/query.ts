import { existsSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { CouldNotRun } from "../support/exit";
import type { TrailFiles } from "./trail";

/** The engine, as its package exports it; loaded when a query is asked, since most installations do without it. */
type Engine = typeof import("@duckdb/node-api");

export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Questions that have a name. Each is one statement over the tables that docs/audit.md lists. */
export const NAMED: Readonly<Record<string, { readonly says: string; readonly sql: string }>> = {
  "refusals-by-rule": {
    says: "what was refused, by which rule, and when last",
    sql: `SELECT reason AS rule, count(*) AS refusals, count(DISTINCT repository) AS repositories, max(ts) AS last,
            arg_max(method || ' ' || path, ts) AS example
          FROM gate WHERE decision IN ('deny', 'observe') GROUP BY reason ORDER BY refusals DESC, rule`,
  },
  "bulk-reads": {
    says: "ten-minute spans in which an agent read more than three times its usual, and at least 100 addresses",
    sql: `WITH spans AS (
            SELECT agent, repository, time_bucket(INTERVAL 10 MINUTE, ts) AS since, count(DISTINCT path) AS addresses,
              sum(bytesOut) AS bytes
            FROM gate WHERE decision <> 'deny' AND agent NOT IN ('', 'operator')
              AND (method IN ('GET', 'HEAD') OR path LIKE '%/git-upload-pack') GROUP BY ALL),
          usual AS (SELECT agent, median(addresses) AS usual FROM spans GROUP BY agent)
          SELECT since, agent, repository, addresses, bytes, usual FROM spans JOIN usual USING (agent)
          WHERE addresses >= 100 AND addresses > 3 * usual ORDER BY addresses DESC, since`,
  },
  "unusual-hours": {
    says: "hours of the day (UTC) in which an agent rarely works: less than 2 % of its requests",
    sql: `WITH hours AS (
            SELECT agent, hour(ts) AS hour, count(*) AS requests, max(ts) AS last,
              sum(count(*)) OVER (PARTITION BY agent) AS total
            FROM gate WHERE agent NOT IN ('', 'operator') GROUP BY agent, hour(ts))
          SELECT agent, hour, requests, round(100.0 * requests / total, 2) AS percent, last
          FROM hours WHERE requests < 0.02 * total ORDER BY last DESC`,
  },
  "new-addresses": {
    says: "addresses that a key was used from, newest first, with their first request",
    sql: `SELECT clientIp, min(ts) AS first, max(ts) AS last, count(*) AS requests, list_sort(list(DISTINCT agent)) AS agents
          FROM gate WHERE agent <> '' GROUP BY clientIp ORDER BY first DESC`,
  },
  "largest-diffs": {
    says: "the largest pushes and writes, by the bytes that were sent",
    sql: `SELECT ts, agent, repository, method, path, bytesIn, decision, reason, requestId
          FROM gate WHERE method NOT IN ('GET', 'HEAD') AND path NOT LIKE '%/git-upload-pack' AND agent NOT IN ('', 'operator')
          ORDER BY bytesIn DESC, ts LIMIT 50`,
  },
};

/** Columns of the gate's records, so that an empty trail has them too and no record is read otherwise than another. */
const COLUMNS = `{v: 'INTEGER', seq: 'BIGINT', ts: 'TIMESTAMP', agent: 'VARCHAR', requestId: 'VARCHAR', clientIp: 'VARCHAR',
  method: 'VARCHAR', path: 'VARCHAR', route: 'VARCHAR', repository: 'VARCHAR', decision: 'VARCHAR', reason: 'VARCHAR',
  status: 'INTEGER', bytesIn: 'BIGINT', bytesOut: 'BIGINT', ms: 'DOUBLE', tokenSha256: 'VARCHAR', gateKeySha256: 'VARCHAR', session: 'VARCHAR',
  findings: 'STRUCT("rule" VARCHAR, "offset" BIGINT, kind VARCHAR, reason VARCHAR)[]', prevHash: 'VARCHAR', hash: 'VARCHAR'}`;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Asks a pulled trail: tables `gate` (the records), `github` (`source, at, id, event`), `agent` (the agent's own log) and
 * `events` (OCSF).
 * @param engine another one than the installed package, for tests
 * @throws CouldNotRun when the engine is not installed, or does not understand the statement
 */
export async function askTrail(files: TrailFiles, sql: string, engine: () => Engine = loadEngine): Promise<Answer> {
  const { DuckDBInstance } = engine();
  const instance = await DuckDBInstance.create(":memory:", {
    // A statement reads this trail and writes where it is told; it fetches and installs nothing.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    await makeTables(connection, files);
    const result = await connection.runAndReadAll(sql);
    return { columns: result.columnNames(), rows: result.getRowsJson() };
  } catch (error) {
    throw new CouldNotRun(`The query cannot be answered: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function makeTables(connection: DuckDBConnection, { gate, github, agent, events }: TrailFiles): Promise<void> {
  // A line that cannot be read is a row of nothing: it would count. `verify` says which it is.
  const lines = (file: string, columns: string, key: string): string =>
    existsSync(file)
      ? `read_json(${quoted(file)}, format = 'newline_delimited', columns = ${columns}, ignore_errors = true) WHERE ${key} IS NOT NULL`
      : "";
  const view = (name: string, source: string, empty: string): Promise<unknown> =>
    connection.run(`CREATE VIEW ${name} AS SELECT * FROM ${source === "" ? `(SELECT ${empty} WHERE false)` : source}`);
  const empty = [...COLUMNS.matchAll(/(\w+): '([^']+)'/g)].map(([, name, type]) => `NULL::${type} AS ${name}`);
  await view("gate", lines(gate, COLUMNS, "seq"), empty.join(", "));
  await view(
    "github",
    lines(github, `{source: 'VARCHAR', "at": 'TIMESTAMP', id: 'VARCHAR', event: 'JSON'}`, "id"),
    `NULL::VARCHAR AS source, NULL::TIMESTAMP AS "at", NULL::VARCHAR AS id, NULL::JSON AS event`,
  );
  await view(
    "agent",
    lines(
      agent,
      `{source: 'VARCHAR', kind: 'VARCHAR', "at": 'TIMESTAMP', id: 'VARCHAR', session: 'VARCHAR', thread: 'VARCHAR', requestIds: 'VARCHAR[]', event: 'JSON'}`,
      "id",
    ),
    `NULL::VARCHAR AS source, NULL::VARCHAR AS kind, NULL::TIMESTAMP AS "at", NULL::VARCHAR AS id, NULL::VARCHAR AS session, NULL::VARCHAR AS thread, NULL::VARCHAR[] AS requestIds, NULL::JSON AS event`,
  );
  await view("events", existsSync(events) ? `read_ndjson_objects(${quoted(events)})` : "", `NULL::JSON AS json`);
}

function loadEngine(): Engine {
  try {
    // oxlint-disable-next-line typescript/no-require-imports -- it may be missing, and import() would go past the loader
    return require("@duckdb/node-api") as Engine;
  } catch {
    throw new CouldNotRun(
      "Queries need DuckDB, which is not installed with Gatehouse because it is large (about 60 MB): run `npm install @duckdb/node-api@1.5.6-r.1`.",
    );
  }
}
