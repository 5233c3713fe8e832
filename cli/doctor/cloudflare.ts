import { asList, asRecord, asText } from "../assess/question";
import type { DoctorContext } from "./context";
import type { Reader, Response } from "../live/reader";
import { clockFinding, linesOf, several, silence, type Finding } from "./finding";

const { ok, problem } = linesOf("Cloudflare");

/** Reachability, the deployment's token and its permissions, and the gate's address. */
export async function cloudflareFindings(context: DoctorContext): Promise<Finding[]> {
  if (!("client" in context.cloudflare))
    return [
      problem(
        "token",
        context.cloudflare.missing,
        "export CLOUDFLARE_API_TOKEN: docs/how-to/organization.md lists its permissions",
      ),
    ];
  const cloudflare = context.cloudflare.client;
  const { gate } = context.environment;
  const account = `/accounts/${gate.accountId}`;
  const verified = await verify(cloudflare, account);
  const token = tokenFinding(verified);
  if (token.result === "problem") return [token];
  return [
    token,
    clockFinding("Cloudflare", Date.parse(verified.header("date") ?? ""), context.clock()),
    ...(await Promise.all([
      accountFinding(cloudflare, account),
      permissions(context, cloudflare, account),
      address(context, cloudflare, account),
    ])),
  ];
}

/** A token of a user and one of an account are asked about at different places. */
async function verify(cloudflare: Reader, account: string): Promise<Response> {
  const ofUser = await cloudflare.again("/user/tokens/verify");
  return [401, 403].includes(ofUser.call.status) ? cloudflare.again(`${account}/tokens/verify`) : ofUser;
}

function tokenFinding(response: Response): Finding {
  const silent = silence(response);
  if (silent !== undefined) return problem("token", silent, "check the network and HTTPS_PROXY");
  if (response.call.status !== 200)
    return problem(
      "token",
      `Cloudflare does not accept CLOUDFLARE_API_TOKEN (${response.call.status})`,
      "make a new one",
    );
  const { status, expires_on } = asRecord(asRecord(response.json()).result);
  return status === "active"
    ? ok("token", `active${asText(expires_on) === "" ? "" : `, expires ${asText(expires_on)}`}`)
    : problem("token", `it is ${asText(status)}`, "make a new one");
}

async function accountFinding(cloudflare: Reader, account: string): Promise<Finding> {
  const response = await cloudflare.get(account);
  return response.call.status === 200
    ? ok("account", asText(asRecord(asRecord(response.json()).result).name))
    : problem(
        "account",
        `the token does not see ${account.split("/").at(-1) ?? ""} (${response.call.status})`,
        "check gatehouse:gate.accountId, or give the token this account",
      );
}

/** A question for each product that the stack uses; R2 must also be switched on once by hand. */
async function permissions({ environment }: DoctorContext, cloudflare: Reader, account: string): Promise<Finding> {
  const { tokenStore, audit, gate } = environment;
  const probes: (readonly [string, string])[] = [
    [`${account}/workers/scripts`, "Workers Scripts"],
    [`${account}/r2/buckets`, "Workers R2 Storage"],
    ...(tokenStore.kind === "kv" ? [[`${account}/storage/kv/namespaces`, "Workers KV Storage"] as const] : []),
    ...(audit.sinks.some(({ kind }) => kind === "logpush") ? [[`${account}/logpush/jobs`, "Logs"] as const] : []),
    ...(gate.zoneId !== undefined && gate.attach === "route"
      ? [[`/zones/${gate.zoneId}/workers/routes`, "Workers Routes"] as const]
      : []),
  ];
  const refused = (
    await Promise.all(
      probes.map(async ([path, name]) => {
        const response = await cloudflare.get(path);
        if (response.call.status === 200) return [];
        const code = asText(asRecord(asList(asRecord(response.json()).errors)[0]).code);
        return [code === "10042" ? `${name} (R2 is not enabled in the account)` : name];
      }),
    )
  ).flat();
  return refused.length === 0
    ? ok("permissions", `reads ${probes.map(([, name]) => name).join(", ")}; writing shows at pulumi up`)
    : problem(
        "permissions",
        `the token may not read ${several(refused)}`,
        "give the token these, with Edit; enable R2 in the dashboard",
      );
}

async function address({ environment }: DoctorContext, cloudflare: Reader, account: string): Promise<Finding> {
  const check = "address";
  const { hostname, zoneId, workersDev, name } = environment.gate;
  if (hostname !== undefined && zoneId !== undefined) {
    const response = await cloudflare.get(`/zones/${zoneId}`);
    const zone = asRecord(asRecord(response.json()).result);
    if (response.call.status !== 200)
      return problem(
        check,
        `the token does not see the zone of ${hostname}`,
        "check gatehouse:gate.zoneId, or give the token this zone",
      );
    const own = asText(zone.name);
    if (hostname !== own && !hostname.endsWith(`.${own}`))
      return problem(check, `${hostname} is not in the zone ${own}`, "give the zoneId of the host name's own zone");
    return zone.status === "active"
      ? ok(check, hostname)
      : problem(check, `the zone ${own} is ${asText(zone.status)}`, "finish its setup at Cloudflare");
  }
  const response = await cloudflare.get(`${account}/workers/subdomain`);
  const subdomain = asText(asRecord(asRecord(response.json()).result).subdomain);
  if (subdomain === "")
    return problem(
      check,
      "the account has no name on workers.dev",
      "choose one in the dashboard (Workers), or set gate.hostname and gate.zoneId",
    );
  return workersDev === undefined || workersDev === subdomain
    ? ok(check, `${name}.${subdomain}.workers.dev`)
    : problem(
        check,
        `the account's name on workers.dev is ${subdomain}`,
        `set gatehouse:gate.workersDev: ${subdomain}`,
      );
}
