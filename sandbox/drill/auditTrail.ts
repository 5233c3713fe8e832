/** Reads audit records after a position; `position()` is where the trail ends now. */
export interface AuditTrail {
  position(): Promise<number>;
  after(position: number): Promise<readonly { decision: string; reason: string }[]>;
}

/** The gate's audit trail through its control route, with the operator key. */
export function gateTrail(gateUrl: string, operatorKey: string): AuditTrail {
  const ask = async (after: number): Promise<Response> => {
    const response = await fetch(`${gateUrl}/_gate/audit?after=${after}`, {
      headers: { authorization: `Bearer ${operatorKey}` },
    });
    if (!response.ok) throw new Error(`The gate's audit trail answered ${response.status}.`);
    return response;
  };
  return {
    position: async () =>
      Number((await ask(Number.MAX_SAFE_INTEGER)).headers.get("x-gatehouse-audit-head")?.split(" ")[0] ?? 0),
    after: async (position) =>
      (await (await ask(position)).text())
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { decision: string; reason: string }),
  };
}
