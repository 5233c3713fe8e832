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
  const json = (value: unknown): string => JSON.stringify(value);
  return `// Made by gatehouse; change the environment file and make it anew.
import crypto from 'crypto';

// Base64url SHA-256 of each key, its agent, and until when it is good (milliseconds; 0: always).
const KEYS = ${json(known)};
const API = ${json(policy.upstream.api)};
const PUBLIC = ${json(publicUrl)};
// Where an answer must be looked at as a whole: the name of a repository, or an encoding that may hide the token.
const SIGN = /full_name"|\\\\u00(?:0[adAD]|2[bdefBDEF5]|3[0-9]|[4-7])|\\\\\\/|&#|%(?:0[adAD]|2[bdefBDEF5]|3[0-9]|[4-7])/;
const PASSED = /^(?:${PASSED_HEADERS.join("|")})$/i;
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
    const colon = key.indexOf(':');
    key = colon < 0 ? '' : key.slice(colon + 1);
  } else if (scheme !== 'bearer' && scheme !== 'token') return '';
  if (key.length !== 47) return '';
  const hash = crypto.createHash('sha256').update(key).digest('base64url');
  const known = KEYS[hash];
  if (known === undefined || (known[1] !== 0 && !(Date.now() <= known[1]))) return '';
  r.variables.gate_key = hash;
  return known[0];
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

// The headers of an answer of GitHub: the allowed ones. nginx adds the gate's own.
function headers(r) {
  // Every answer begins with nothing held, also where a newer njs uses one state for many requests.
  held = undefined;
  end = '';
  const out = r.headersOut;
  const token = r.variables.github_token;
  const link = out.Link;
  const location = out.Location;
  for (let name in out) if (!PASSED.test(name) || String(out[name]).indexOf(token) >= 0) delete out[name];
  // The body may get longer or shorter on its way.
  delete out['Content-Length'];
  if (link !== undefined) {
    const led = pages(String(link));
    if (led !== '' && !reflects(r, bare(led))) out.Link = led;
  }
  if (location !== undefined) {
    const led = back(location);
    if (led !== undefined && !reflects(r, bare(led))) out.Location = led;
  }
}

// An answer that describes a repository that is not listed, or has the token behind an encoding, is broken off: nginx
// cannot cut a part out of it. From the first sign of either on, the answer waits until it is known. A sign may begin
// in one piece and end in the next, so the end of each piece is kept. Pieces come as texts, which spares decoding every
// answer; one whose bytes are no UTF-8 keeps its bytes (tests/proof/nginx/traps.test.ts).
function body(r, data, flags) {
  if (held === undefined) {
    if (data === '' || !SIGN.test(end + data)) {
      if (flags.last) return r.sendBuffer(data, flags);
      // No sign has the end of an object or of a list in it.
      const last = data.slice(-1);
      end = last === '}' || last === ']' ? '' : (end + data.slice(-10)).slice(-10);
      return r.sendBuffer(data, flags);
    }
    held = { parts: [], bytes: 0 };
  }
  held.bytes += Buffer.byteLength(data);
  if (held.bytes > 16777216) broken(r);
  held.parts.push(data);
  if (!flags.last) return;
  const whole = held.parts.join('');
  const text = end + whole;
  if (reflects(r, bare(text))) broken(r);
  const listed = LISTED();
  const names = text.match(/full_name"\\s*:\\s*"[^"\\\\]*"/g) || [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i].slice(names[i].lastIndexOf('"', names[i].length - 2) + 1, -1);
    if (listed[name.toLowerCase()] !== true) broken(r);
  }
  r.sendBuffer(whole, flags);
}
// A text without JSON's escapes, percent-encoding and HTML's numbers.
function bare(text) {
  const letter = function (_, code) { return String.fromCharCode(parseInt(code, 16)); };
  return text
    .replace(/\\\\\\//g, '/')
    .replace(/\\\\u00([0-7][0-9a-f])/gi, letter)
    .replace(/%([0-7][0-9a-f])/gi, letter)
    .replace(/&#x([0-9a-f]{1,4});/gi, letter)
    .replace(/&#([0-9]{1,5});/g, function (_, code) { return String.fromCharCode(Number(code)); });
}
// Whether a text holds the token: plain, reversed, in hex, or in base64 at any of three places, in lines or not.
function reflects(r, text) {
  const token = r.variables.github_token;
  const forms = [token, token.split('').reverse().join('')];
  for (let shift = 0; shift < 3; shift++) {
    const bytes = Buffer.from('aa'.slice(0, shift) + token);
    const core = bytes.toString('base64').slice(shift === 0 ? 0 : shift + 1, Math.floor((bytes.length * 8) / 6));
    const half = Math.min(30, core.length >> 1);
    forms.push(core.slice(0, half), core.slice(half, 2 * half));
    forms.push(forms[forms.length - 2].replace(/\\+/g, '-').replace(/\\//g, '_'), forms[forms.length - 1].replace(/\\+/g, '-').replace(/\\//g, '_'));
  }
  return text.toLowerCase().indexOf(Buffer.from(token).toString('hex')) >= 0 || forms.some(function (form) { return text.indexOf(form) >= 0; });
}
function broken(r) {
  r.variables.gate_reason = 'answer-refused';
  throw new Error('the answer is too large, hides the token, or describes a repository that is not listed');
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
function RULES() { return ${json(REFUSALS)}; }

export default { agent, headers, body, refuse };
`;
}
