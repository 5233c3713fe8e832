import { emptyJournal } from "../../../rotation/journal";
import type { TokenRecord } from "../../../rotation/record";

export const DAY = 86_400_000;
export const now = Date.UTC(2026, 5, 1);
export const record = (expiresAt: string): TokenRecord => ({
  token: "t",
  sha256: "s",
  kind: "personal-access-token",
  login: "claude-bot",
  expires_at: expiresAt,
  rotation_id: "r",
});
export const rotatedAt = (at: number) => ({
  ...emptyJournal,
  history: [
    {
      id: "r",
      reason: "",
      startedAt: "",
      endedAt: new Date(at).toISOString(),
      outcome: "finished" as const,
      notes: [],
      phases: {},
    },
  ],
});
export const iso = (ms: number): string => new Date(ms).toISOString();
