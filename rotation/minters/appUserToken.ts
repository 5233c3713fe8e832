import { HOUR_MS } from "../../edge/time";
import { NeedsPerson, RequestRefused } from "../errors";
import { request } from "../wire";
import { tokenHash } from "../../edge/encoding";
import { iso } from "../text";
import { Lost, type MinterMemory, type TokenMinter } from "./types";
import { revokeCredential } from "./revoke";
import type { Effects } from "../effects";
import type { Slot, SlotName } from "../journal";
import type { RotationPlan } from "../plan";

/**
 * A GitHub App's expiring user tokens: 8 hours, refreshed without a person, acting as the machine user.
 *
 * Using a refresh token kills its old pair at once, so one pair alone would mean a gap in service, and an answer that
 * is lost would mean a lost identity. Therefore two standing authorizations of the same user, `a` and `b`: the gate
 * lives on one while the other is refreshed. A rotation refreshes the idle one, moves the gate to it, and kills the
 * old access token by refreshing its pair, which then stands by. A lost answer costs the idle one at most: service
 * goes on, and a person authorizes a new one within the refresh token's six months.
 */
export function appUserTokenMinter(
  effects: Effects,
  plan: RotationPlan,
  clientSecret: string | undefined,
): TokenMinter {
  if (plan.credential.kind !== "app-user-token") throw new Error("not an app user token");
  const { clientId } = plan.credential;

  async function refresh(
    memory: MinterMemory,
    name: SlotName,
  ): Promise<{ token: string; expiresAt: string; memory: MinterMemory }> {
    const slot = memory.slots?.[name];
    if (!slot) throw new Error(`no authorization ${name}`);
    const answer = await request(effects, {
      system: "GitHub",
      what: "refresh a user token",
      method: "POST",
      url: `${plan.endpoints.origin}/login/oauth/access_token`,
      headers: { accept: "application/json", "user-agent": "gatehouse-rotation" },
      form: {
        client_id: clientId,
        ...(clientSecret ? { client_secret: clientSecret } : {}),
        grant_type: "refresh_token",
        refresh_token: slot.refreshToken,
      },
      retryWhen: (a) => a.status === 403,
    });
    const body = answer.json();
    if (body.error === "bad_refresh_token") {
      const gone: MinterMemory = { ...memory, slots: { ...memory.slots, [name]: { ...slot, state: "lost" } } };
      const interrupted =
        slot.state === "using" ? "an answer to its refresh was lost" : "it was revoked or has expired";
      throw new Lost(
        `GitHub no longer accepts refresh token ${name} (${interrupted})`,
        gone,
        authorizeAgain(plan, name),
      );
    }
    if (typeof body.access_token !== "string" || typeof body.refresh_token !== "string") {
      throw new RequestRefused(
        "GitHub",
        "refresh a user token",
        answer.status,
        String(body.error_description ?? body.error ?? "an answer without tokens").slice(0, 200),
      );
    }
    const seconds = Number(body.expires_in ?? 0);
    const refreshSeconds = Number(body.refresh_token_expires_in ?? 0);
    const fresh: Slot = {
      refreshToken: body.refresh_token,
      refreshExpiresAt: refreshSeconds > 0 ? iso(effects.now() + refreshSeconds * 1000) : "",
      accessSha256: await tokenHash(body.access_token),
      state: "ok",
    };
    return {
      token: body.access_token,
      expiresAt: seconds > 0 ? iso(effects.now() + seconds * 1000) : "",
      memory: { ...memory, slots: { ...memory.slots, [name]: fresh } },
    };
  }

  return {
    declaration: {
      kind: "app-user-token",
      unattended: true,
      lifetime: "8 hours (its refresh token: 6 months)",
      lifetimeMs: 8 * HOUR_MS,
      needs: [
        `two authorizations of the GitHub App by ${plan.login} (a person, twice, once every 6 months without use)`,
        "the App's client secret, unless the authorizations came by device flow",
      ],
      asks: plan.permissions,
      overlaps: true,
      limits: [
        "Its permissions are those of the App: they are set on the App's page, where they must equal the posture's.",
        "Using a refresh token kills the old pair at once; an answer lost on the way costs that authorization.",
      ],
    },
    intend: (memory, old, now) => {
      const idle = otherThan(memory.current);
      if (usable(memory.slots?.[idle], now)) return { slot: idle, memory: using(memory, idle) };
      const only = memory.current;
      if (!only || !usable(memory.slots?.[only], now))
        throw new NeedsPerson(`no authorization of the GitHub App by ${plan.login} is left`, authorizeAgain(plan, "a"));
      // One pair is left. Refreshing it is a gap of a moment and a risk; it is taken only when the token is about to
      // end.
      const left = old?.expires_at ? Date.parse(old.expires_at) - now : 0;
      if (left > LAST_RESORT_MS)
        throw new NeedsPerson(
          `authorization ${idle} is lost; rotating on the last one would interrupt service`,
          authorizeAgain(plan, idle),
        );
      return {
        slot: only,
        memory: using(memory, only),
        notes: ["only one authorization was left: the old token ended the moment the new one was made"],
      };
    },
    mint: async ({ memory, slot }) => {
      const name = slot ?? otherThan(memory.current);
      const { token, expiresAt, memory: after } = await refresh(memory, name);
      return { token, expiresAt, memory: { ...after, current: name } };
    },
    revoke: (token) => revokeCredential(effects, plan, token),
    intendToRetire: (memory) => {
      const idle = otherThan(memory.current);
      return usable(memory.slots?.[idle], effects.now()) ? using(memory, idle) : memory;
    },
    retire: async (old, memory) => {
      const idle = otherThan(memory.current);
      if (memory.slots?.[idle]?.accessSha256 === old.sha256) return (await refresh(memory, idle)).memory;
      // Minted on the last pair (dead already), or an unknown token: ended by its value.
      if (memory.slots?.[memory.current ?? "a"]?.accessSha256 !== old.sha256)
        await revokeCredential(effects, plan, old.token);
      return memory;
    },
    rescue: (memory, minted) => {
      const name = minted.memory?.current;
      const mine = name && minted.memory?.slots?.[name];
      return mine && memory.slots?.[name]?.state !== "ok"
        ? { ...memory, slots: { ...memory.slots, [name]: mine } }
        : undefined;
    },
    link: () =>
      `${plan.endpoints.origin}/login/oauth/authorize?${new URLSearchParams({ client_id: clientId, login: plan.login }).toString()}`,
  };
}

/** Below this the last pair is refreshed even without a second one. */
const LAST_RESORT_MS = 30 * 60_000;

export const otherThan = (slot: SlotName | undefined): SlotName => (slot === "a" ? "b" : "a");

const usable = (slot: Slot | undefined, now: number): boolean =>
  slot !== undefined &&
  slot.state !== "lost" &&
  (slot.refreshExpiresAt === "" || Date.parse(slot.refreshExpiresAt) > now);

const using = (memory: MinterMemory, name: SlotName): MinterMemory => {
  const slot = memory.slots?.[name];
  return slot ? { ...memory, slots: { ...memory.slots, [name]: { ...slot, state: "using" } } } : memory;
};

const authorizeAgain = (plan: RotationPlan, name: SlotName): string[] => [
  `Signed in as ${plan.login}, authorize the GitHub App again (gatehouse token mint-link prints the link)`,
  `Give the new pair to: gatehouse token put --standby (it becomes authorization ${name})`,
];
