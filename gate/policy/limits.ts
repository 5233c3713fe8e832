import { HOUR_MS } from "../../edge/time";
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

export const EMPTY_USAGE: Usage = {
  minute: 0,
  hour: 0,
  requestsMinute: 0,
  writesMinute: 0,
  requestsHour: 0,
  bytesHour: 0,
};

const MINUTE = 60_000;

/** Longest life of a lease, in milliseconds: bounds what an idle isolate holds back, and how late a stop arrives. */
export const LEASE_MS = 2_000;

/**
 * Moves usage to the windows of `now` (milliseconds). Time that runs backwards keeps the later window, so nothing is
 * given out twice.
 */
function usageAt(usage: Usage, now: number): Usage {
  const minute = Math.max(Math.floor(now / MINUTE), usage.minute);
  const hour = Math.max(Math.floor(now / HOUR_MS), usage.hour);
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

/** Why less than the need was granted, and in how many seconds to come again. */
interface Shortage {
  readonly rule: RuleId;
  readonly retryAfter: number;
}

export interface Granted {
  readonly usage: Usage;
  readonly grant: Grant;
  /** Per kind of amount: set where the grant is smaller than the need. */
  readonly short: { readonly requests?: Shortage; readonly writes?: Shortage; readonly bytes?: Shortage };
}

/**
 * Grants a lease: what is needed as far as it is left, and beyond that up to `want`, but never more than an eighth of
 * the rest, so that one isolate cannot strand much of a limit. Everything granted is counted at once; so the sum of all
 * grants in a window never exceeds the limit. Bytes are granted whole or not at all, because half an answer serves
 * nobody.
 */
export function grantLease(limits: GateLimits, before: Usage, now: number, need: Amounts, want: Amounts): Granted {
  const usage = usageAt(before, now);
  const toMinute = (usage.minute + 1) * MINUTE - now;
  const toHour = (usage.hour + 1) * HOUR_MS - now;
  const leftMinute = Math.max(0, limits.requestsPerMinute - usage.requestsMinute);
  const leftHour = Math.max(0, limits.requestsPerHour - usage.requestsHour);
  const left = {
    requests: Math.min(leftMinute, leftHour),
    writes: Math.max(0, limits.writesPerMinute - usage.writesMinute),
    bytes: Math.max(0, limits.bytesPerHour - usage.bytesHour),
  };
  const share = (needed: number, wanted: number, rest: number): number =>
    Math.min(needed, rest) + Math.max(0, Math.min(wanted - needed, Math.floor((rest - needed) / 8)));
  const grant: Grant = {
    requests: share(need.requests, want.requests, left.requests),
    writes: share(need.writes, want.writes, left.writes),
    bytes: need.bytes > left.bytes ? 0 : share(need.bytes, want.bytes, left.bytes),
    ms: Math.max(0, Math.min(LEASE_MS, toMinute, toHour)),
    minute: usage.minute,
    hour: usage.hour,
  };
  const short = (rule: RuleId, ms: number): Shortage => ({ rule, retryAfter: Math.max(1, Math.ceil(ms / 1000)) });
  return {
    usage: counted(usage, grant),
    grant,
    short: {
      ...(need.requests <= left.requests
        ? {}
        : {
            requests:
              leftHour <= leftMinute ? short("limit-requests-hour", toHour) : short("limit-requests-minute", toMinute),
          }),
      ...(need.writes <= left.writes ? {} : { writes: short("limit-writes-minute", toMinute) }),
      ...(need.bytes <= left.bytes ? {} : { bytes: short("limit-bytes-hour", toHour) }),
    },
  };
}

/** Gives back what a lease did not use, as far as its windows still last. */
export function giveBack(
  before: Usage,
  now: number,
  grant: { readonly minute: number; readonly hour: number },
  unused: Amounts,
): Usage {
  const usage = usageAt(before, now);
  return {
    ...usage,
    ...(grant.minute === usage.minute
      ? { requestsMinute: usage.requestsMinute - unused.requests, writesMinute: usage.writesMinute - unused.writes }
      : {}),
    ...(grant.hour === usage.hour
      ? { requestsHour: usage.requestsHour - unused.requests, bytesHour: usage.bytesHour - unused.bytes }
      : {}),
  };
}

function counted(usage: Usage, a: Amounts): Usage {
  return {
    ...usage,
    requestsMinute: usage.requestsMinute + a.requests,
    writesMinute: usage.writesMinute + a.writes,
    requestsHour: usage.requestsHour + a.requests,
    bytesHour: usage.bytesHour + a.bytes,
  };
}
