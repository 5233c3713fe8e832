import { Agent, fetch as undiciFetch } from "undici";

const dispatcher = new Agent({ pipelining: 0 });

/**
 * `fetch` with a connection of its own for every request. An answer that breaks off closes its connection, and a pooled
 * one may be given to the next request before its end is seen: ECONNRESET, which says nothing about the gate.
 */
export const freshFetch = ((input: string, init: object = {}) =>
  undiciFetch(input, { ...init, dispatcher })) as unknown as (
  input: string | URL,
  init?: RequestInit,
) => Promise<Response>;
