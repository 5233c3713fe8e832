import type { AccessLevel } from "../schema";

export interface Route {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly access: AccessLevel;
}

export const ROUTES: readonly Route[] = [
  { id: "repo.get", method: "GET", path: "/repos/{owner}/{repo}", access: "read" },
];
