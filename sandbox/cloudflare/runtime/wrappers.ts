import type { LockRule } from "../state";
import type { BindingFault } from "../http/faults";

/**
 * Sources of modules that stand between a Worker and one of its bindings. workerd runs them in the Worker's own
 * isolate ("wrapped bindings"): the inner binding is `env.inner`. They are used only where a bucket has lock rules or
 * a failure was ordered, so that all other bindings are the runtime's own.
 */

/** R2 with lock rules: what a rule protects can be neither deleted nor overwritten, whoever asks. */
export function lockedBucketSource(rules: readonly LockRule[]): string {
  return `
const rules = ${JSON.stringify(rules.filter((rule) => rule.enabled))};
const refusal = (call, key) => new Error(call + ": The object is locked by the bucket's lock rules. (10069): " + key);
const ruled = (key) => rules.filter((rule) => key.startsWith(rule.prefix ?? ""));
const holds = (rule, uploaded) => rule.condition.type === "Indefinite"
  || (rule.condition.type === "Date" && Date.now() < Date.parse(rule.condition.date))
  || (rule.condition.type === "Age" && Date.now() < uploaded.getTime() + rule.condition.maxAgeSeconds * 1000);
export default ({ inner }) => {
  const check = async (call, key) => {
    const matching = ruled(key);
    if (matching.length === 0) return;
    const object = await inner.head(key);
    if (object !== null && matching.some((rule) => holds(rule, object.uploaded))) throw refusal(call, key);
  };
  return {
    head: (...args) => inner.head(...args),
    get: (...args) => inner.get(...args),
    list: (...args) => inner.list(...args),
    createMultipartUpload: async (key, options) => { await check("createMultipartUpload", key); return inner.createMultipartUpload(key, options); },
    resumeMultipartUpload: (...args) => inner.resumeMultipartUpload(...args),
    async put(key, value, options = {}) {
      // A put that refuses to overwrite by itself needs no second look.
      if (ruled(key).length === 0 || options.onlyIf?.etagDoesNotMatch === "*") return inner.put(key, value, options);
      // One call where possible: an object that is not there yet is not locked. Only then a second look is needed.
      if (options.onlyIf === undefined && !(value instanceof ReadableStream)) {
        const stored = await inner.put(key, value, { ...options, onlyIf: { etagDoesNotMatch: "*" } });
        if (stored !== null) return stored;
      }
      await check("put", key);
      return inner.put(key, value, options);
    },
    async delete(keys) {
      for (const key of [keys].flat()) await check("delete", key);
      return inner.delete(keys);
    },
  };
};`;
}

/** A binding of which calls fail or come late. Works for KV, R2, queues and Durable Object namespaces alike. */
export function faultySource(fault: BindingFault, kind: string): string {
  const message = fault.message ?? `${fault.binding} is unavailable: a failure that the sandbox was asked for`;
  return `
let left = ${fault.times ?? "Infinity"};
const delay = ${fault.delayMs ?? 0};
const fails = ${fault.delayMs === undefined};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const disturb = (call) => async (...args) => {
  if (left > 0) {
    left -= 1;
    if (delay > 0) await wait(delay);
    if (fails) throw new Error(${JSON.stringify(message)});
  }
  return call(...args);
};
const around = (object, plain) => new Proxy({}, {
  get(_, name) {
    const value = object[name];
    if (typeof value !== "function") return value;
    return plain[name] !== undefined ? plain[name](value.bind(object)) : disturb((...args) => object[name](...args));
  },
  has: (_, name) => name in object,
});
const same = (call) => call;
// A namespace gives stubs, and names of objects without asking anybody: only what a stub does can fail.
const stub = (call) => (...args) => around(call(...args), {});
const namespaceCalls = { idFromName: same, idFromString: same, newUniqueId: same, get: stub, getByName: stub, jurisdiction: (call) => (...args) => around(call(...args), namespaceCalls) };
export default ({ inner }) => around(inner, ${kind === "durable_object_namespace" ? "namespaceCalls" : "{}"});`;
}
