import type { GateKeyHash } from "../contract";
import type { GatePolicy } from "../policy/policy";
import { PASSED_HEADERS } from "../policy/headers";
import { REFUSALS } from "../policy/refusals";

/**
 * The part of the configuration that nginx runs by its own JavaScript (njs): it hashes the key, filters an answer's
 * headers and writes refusals. Only hashes of keys stand in it. The dialect is that of njs 0.7.9 in Debian 12, which
 * evaluates the file anew for every request: what stands at its top level is short.
 * @param publicUrl where clients reach nginx, without a slash at the end
 */
export function gateScript(policy: GatePolicy, keys: readonly GateKeyHash[], publicUrl: string): string {
  const known = Object.fromEntries(
    keys.map(({ sha256, agent, notAfter }) => [sha256, [agent, notAfter === undefined ? 0 : Date.parse(notAfter)]]),
  );
  const listed = Object.fromEntries(
    policy.repositories.map(({ name }) => [`${policy.organization}/${name}`.toLowerCase(), true]),
  );
  const numbers = Object.fromEntries(
    policy.repositories
      .filter(({ id }) => id > 0)
      .map(({ name, id }) => [String(id), `${policy.organization}/${name}`]),
  );
  const passed = Object.fromEntries(PASSED_HEADERS.map((name) => [name, true]));
  const refusals = Object.fromEntries(Object.entries(REFUSALS).map(([rule, [status, text]]) => [rule, [status, text]]));
  const json = (value: unknown): string => JSON.stringify(value);
  return `// Made by gatehouse; change the environment file and make it anew.
import crypto from 'crypto';

// Base64url SHA-256 of each key, its agent, and until when it is good (milliseconds; 0: always).
const KEYS = ${json(known)};
const API = ${json(policy.upstream.api)};
const PUBLIC = ${json(publicUrl)};
const NAME = 'full_name"';
let held, end;

// The agent of a request, or nothing. The key is hashed and its hash looked up: the time that takes says nothing of
// a key that is not known.
function agent(r) {
  let key = r.headersIn.Authorization;
  if (key === undefined || key.length > 512) return '';
  const space = key.indexOf(' ');
  const scheme = key.slice(0, space).toLowerCase();
  key = key.slice(space + 1).trim();
  if (scheme === 'basic') {
    key = Buffer.from(key, 'base64').toString();
    key = key.slice(key.indexOf(':') + 1);
  } else if (scheme !== 'bearer' && scheme !== 'token') return '';
  if (key.length !== 47) return '';
  const known = KEYS[crypto.createHash('sha256').update(key).digest('base64url')];
  return known !== undefined && (known[1] === 0 || Date.now() <= known[1]) ? known[0] : '';
}

// An address of GitHub's API as the agent may use it; nothing for any other.
function back(url) {
  if (!url.startsWith(API + '/')) return undefined;
  const rest = url.slice(API.length);
  const numeric = /^\\/repositories\\/(\\d+)(.*)$/.exec(rest);
  if (numeric === null) return PUBLIC + rest;
  const name = NUMBERS()[numeric[1]];
  return name === undefined || !/^(?:[/?]|$)/.test(numeric[2]) ? undefined : PUBLIC + '/repos/' + name + numeric[2];
}
function NUMBERS() { return ${json(numbers)}; }
function LISTED() { return ${json(listed)}; }

function pages(link) {
  const kept = [];
  link.split(/, *(?=<)/).forEach(function (one) {
    const parts = /^<([^>]*)>(;.*)$/.exec(one);
    const to = parts === null ? undefined : back(parts[1]);
    if (to !== undefined) kept.push('<' + to + '>' + parts[2]);
  });
  return kept.join(', ');
}

// The headers of an answer of GitHub: the allowed ones, and the gate's own.
function headers(r) {
  const PASSED = ${json(passed)};
  // Every answer begins with nothing held, also where a newer njs uses one state for many requests.
  held = undefined;
  end = '';
  const out = r.headersOut;
  const token = r.variables.github_token;
  const link = out.Link;
  const location = out.Location;
  for (let name in out) if (PASSED[name.toLowerCase()] !== true || String(out[name]).indexOf(token) >= 0) delete out[name];
  // The body may get longer or shorter on its way.
  delete out['Content-Length'];
  if (link !== undefined) {
    const led = pages(String(link));
    if (led !== '' && led.indexOf(token) < 0) out.Link = led;
  }
  if (location !== undefined) {
    const led = back(location);
    if (led !== undefined && led.indexOf(token) < 0) out.Location = led;
  }
  out['Cache-Control'] = 'private, no-store';
  out['X-Content-Type-Options'] = 'nosniff';
  out['X-Gatehouse-Request-Id'] = r.variables.request_id;
}

// An answer that describes a repository that is not listed is broken off: nginx cannot cut a part out of it. From the
// first name of a repository on, the answer waits until all of them are known. A name may begin in one piece and end
// in the next, so the end of each piece is kept.
function body(r, data, flags) {
  if (held === undefined) {
    const border = end === '' ? -1 : (end + data.slice(0, NAME.length).toString()).indexOf(NAME);
    if (border < 0 && data.indexOf(NAME) < 0) {
      // The end of an object or of a list is no part of a name.
      const last = data[data.length - 1];
      if (last !== 125 && last !== 93 && last !== undefined) end = data.slice(Math.max(0, data.length - NAME.length)).toString();
      return r.sendBuffer(data, flags);
    }
    held = { parts: [Buffer.from(end)], bytes: 0, sent: end.length };
  }
  held.bytes += data.length;
  if (held.bytes > 16777216) broken(r);
  // nginx uses the memory of a piece again.
  held.parts.push(Buffer.from(data));
  if (!flags.last) return;
  const whole = Buffer.concat(held.parts);
  const listed = LISTED();
  const names = whole.toString().match(/full_name"\\s*:\\s*"[^"\\\\]*"/g) || [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i].slice(names[i].lastIndexOf('"', names[i].length - 2) + 1, -1);
    if (listed[name.toLowerCase()] !== true) broken(r);
  }
  r.sendBuffer(whole.slice(held.sent), flags);
}
function broken(r) {
  r.variables.gate_reason = 'answer-refused';
  throw new Error('the answer is too large, or describes a repository that is not listed');
}

// The answer to a refused request, as the gate writes it. The rule is the last part of an internal address, or what
// the maps found.
function refuse(r) {
  const own = /^\\/_gate\\/refused\\/([a-z-]+)$/.exec(r.uri);
  let rule = own === null ? r.variables.gate_rule : own[1];
  if (rule === 'limit-requests-minute' && r.variables.gate_agent === '') rule = 'limit-unauthenticated';
  const known = RULES()[rule] || RULES()['gate-error'];
  r.variables.gate_reason = rule;
  const out = r.headersOut;
  out['Content-Type'] = 'application/json; charset=utf-8';
  out['Cache-Control'] = 'no-store';
  out['X-Content-Type-Options'] = 'nosniff';
  out['X-Gatehouse-Request-Id'] = r.variables.request_id;
  if (known[0] === 401) out['WWW-Authenticate'] = 'Basic realm="gatehouse", charset="UTF-8"';
  if (known[0] === 429) out['Retry-After'] = r.variables.gate_retry_after;
  r.return(known[0], JSON.stringify({
    message: known[1],
    documentation_url: PUBLIC + '/_gate/docs#' + rule,
    gatehouse: { decision: 'deny', rule: rule, requestId: r.variables.request_id },
  }));
}
function RULES() { return ${json(refusals)}; }

export default { agent, headers, body, refuse };
`;
}
