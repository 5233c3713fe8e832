import type { GateLimits } from "./policy";
import type { RuleId } from "./refusals";

/** What a request or a lease uses up. Bytes are those of bodies, both ways. */
export interface Amounts {
  readonly requests: number;
  readonly writes: number;
  readonly bytes: number;
}

/** Consumption in the current minute and hour; a window starts at a multiple of its length and counts from zero. */
export interface Usage {
  readonly minute: number;
  readonly hour: number;
  readonly requestsMinute: number;
  readonly writesMinute: number;
  readonly requestsHour: number;
  readonly bytesHour: number;
}

export const EMPTY_USAGE: Usage = { minute: 0, hour: 0, requestsMinute: 0, writesMinute: 0, requestsHour: 0, bytesHour: 0 };

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Longest life of a lease, in milliseconds: bounds what an idle isolate holds back, and how late a stop arrives. */
export const LEASE_MS = 2_000;

/** Moves usage to the windows of `now` (milliseconds). Time that runs backwards keeps the later window, so nothing is given out twice. */
export function usageAt(usage: Usage, now: number): Usage {
  const minute = Math.max(Math.floor(now / MINUTE), usage.minute);
  const hour = Math.max(Math.floor(now / HOUR), usage.hour);
  if (minute === usage.minute && hour === usage.hour) return usage;
  return {
    minute,
    hour,
    requestsMinute: minute === usage.minute ? usage.requestsMinute : 0,
    writesMinute: minute === usage.minute ? usage.writesMinute : 0,
    requestsHour: hour === usage.hour ? usage.requestsHour : 0,
    bytesHour: hour === usage.hour ? usage.bytesHour : 0,
  };
}

export interface Grant extends Amounts {
  /** Life of the lease from the moment it was asked for, in milliseconds; never beyond the window it was counted in. */
  readonly ms: number;
  /** The windows it was counted in: what is given back later counts only while they last. */
  readonly minute: number;
  readonly hour: number;
}

export interface Granted {
  readonly usage: Usage;
  readonly grant: Grant;
  /** Set when not even `need` could be granted: the limit, and in how many seconds to come again. */
  readonly refused?: { readonly rule: RuleId; readonly retryAfter: number };
}

/**
 * Grants a lease: at least `need`, at most `want`, and of what is left never more than its eighth beyond the need, so that one isolate
 * cannot strand much of a limit. Everything granted is counted at once; so the sum of all grants in a window never exceeds the limit.
 */
export function grantLease(limits: GateLimits, before: Usage, now: number, need: Amounts, want: Amounts): Granted {
  const usage = usageAt(before, now);
  const toMinute = (usage.minute + 1) * MINUTE - now;
  const toHour = (usage.hour + 1) * HOUR - now;
  const left = {
    requests: Math.min(limits.requestsPerMinute - usage.requestsMinute, limits.requestsPerHour - usage.requestsHour),
    writes: limits.writesPerMinute - usage.writesMinute,
    bytes: limits.bytesPerHour - usage.bytesHour,
  };
  const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
  const nothing = { requests: 0, writes: 0, bytes: 0, ms: 0, minute: usage.minute, hour: usage.hour };
  const refuse = (rule: RuleId, ms: number): Granted => ({ usage, grant: nothing, refused: { rule, retryAfter: seconds(ms) } });
  if (need.requests > limits.requestsPerHour - usage.requestsHour) return refuse("limit-requests-hour", toHour);
  if (need.requests > limits.requestsPerMinute - usage.requestsMinute) return refuse("limit-requests-minute", toMinute);
  if (need.writes > left.writes) return refuse("limit-writes-minute", toMinute);
  if (need.bytes > left.bytes) return refuse("limit-bytes-hour", toHour);
  const share = (needed: number, wanted: number, rest: number): number => needed + Math.max(0, Math.min(wanted - needed, Math.floor((rest - needed) / 8)));
  const grant: Grant = {
    requests: share(need.requests, want.requests, left.requests),
    writes: share(need.writes, want.writes, left.writes),
    bytes: share(need.bytes, want.bytes, left.bytes),
    ms: Math.max(0, Math.min(LEASE_MS, toMinute, toHour)),
    minute: usage.minute,
    hour: usage.hour,
  };
  return { usage: counted(usage, grant, 1), grant };
}

/** Gives back what a lease did not use, as far as its windows still last. */
export function giveBack(before: Usage, now: number, grant: { readonly minute: number; readonly hour: number }, unused: Amounts): Usage {
  const usage = usageAt(before, now);
  return {
    ...usage,
    ...(grant.minute === usage.minute ? { requestsMinute: usage.requestsMinute - unused.requests, writesMinute: usage.writesMinute - unused.writes } : {}),
    ...(grant.hour === usage.hour ? { requestsHour: usage.requestsHour - unused.requests, bytesHour: usage.bytesHour - unused.bytes } : {}),
  };
}

function counted(usage: Usage, a: Amounts, sign: number): Usage {
  return {
    ...usage,
    requestsMinute: usage.requestsMinute + sign * a.requests,
    writesMinute: usage.writesMinute + sign * a.writes,
    requestsHour: usage.requestsHour + sign * a.requests,
    bytesHour: usage.bytesHour + sign * a.bytes,
  };
}
