import type { Planned, VaultTokenStore } from "../../edge/tokenStore";
import { MADE, type RenderedFile } from "../renderedFile";

const tokenLines = (token: string, sha256: string): string[] => [
  `map "" $github_token { default "${token}"; }`,
  `map "" $github_token_sha256 { default "${sha256}"; }`,
];

/** The files that Vault Agent writes, as they are before it ran: no token, so nothing is sent. */
export const WITHOUT_TOKEN: readonly RenderedFile[] = [
  {
    name: "token.conf",
    text: [
      "# Vault Agent writes this file (vault-agent.hcl). Until then there is no token, and every request is refused.",
      ...tokenLines("", ""),
      "",
    ].join("\n"),
  },
  { name: "token-forms.conf", text: "# Vault Agent writes this file: forms of the token that no answer may hold.\n" },
];

const removed = (form: string): string => `sub_filter "${form}" "[removed by gatehouse]";`;

/**
 * Vault Agent's configuration and its templates (OpenBao's agent takes the same): it signs in with the gate's AppRole,
 * writes the token where nginx includes it, and has nginx read it anew. Role id and secret id lie in files beside it,
 * which the gate's operator places.
 * @param store where the token lies; `address` must be the one that this machine reaches
 */
export function vaultAgentFiles(store: Planned<VaultTokenStore>): readonly RenderedFile[] {
  const text = (value: string): string => JSON.stringify(value);
  const secret = `${store.mount}/data/${store.path}`;
  // A value of another form would be configuration of nginx: it counts as none.
  const checked = (inside: readonly string[], otherwise: readonly string[]): string =>
    [
      `{{- with secret ${text(secret)} -}}`,
      "{{- $token := .Data.data.token -}}",
      '{{- if $token | regexMatch "^[A-Za-z0-9_.-]{1,1000}$" -}}',
      ...inside,
      "{{- else }}",
      ...otherwise,
      "{{- end }}",
      "{{- end }}",
      "",
    ].join("\n");
  // Base64 of the token inside other text, at each of three places, without the letters that its neighbours decide. A
  // line break divides at most one of two halves, so each half is looked for (worker/answer/tokenRedactor.ts).
  const base64 = (before: string, start: number): string[] => [
    `{{- $whole := base64Encode (printf "${before}%s" $token) -}}`,
    `{{- $core := sprig_substr ${start} (sprig_int (divide 6 (multiply 8 (len (printf "${before}%s" $token))))) $whole -}}`,
    "{{- $half := sprig_int (minimum 30 (divide 2 (len $core))) }}",
    removed("{{ sprig_substr 0 $half $core }}"),
    removed("{{ sprig_substr $half (sprig_int (multiply 2 $half)) $core }}"),
  ];
  const forms = [
    ...[
      "{{ $token }}",
      '{{ printf "%x" $token }}',
      '{{ $token | sprig_splitList "" | sprig_reverse | sprig_join "" }}',
    ].map(removed),
    ...base64("", 0),
    ...base64("a", 2),
    ...base64("aa", 3),
  ];
  const template = (name: string): string[] => [
    "template {",
    `  source = ${text(`${name}.ctmpl`)}`,
    `  destination = ${text(name)}`,
    '  perms = "0600"',
    "  error_on_missing_key = true",
    '  exec { command = ["./reload.sh"] }',
    "}",
  ];
  return [
    {
      name: "vault-agent.hcl",
      text: [
        MADE,
        "# Start it in this folder: vault agent -config=vault-agent.hcl (or bao agent). It needs two files:",
        "# role-id, the stack's role of the gate, and secret-id, its secret (readable by this user alone).",
        `vault { address = ${text(store.address)}${store.namespace === undefined ? "" : `\n  namespace = ${text(store.namespace)}`} }`,
        "auto_auth {",
        '  method "approle" {',
        `    mount_path = ${text(`auth/${store.authMount}`)}`,
        "    config = {",
        '      role_id_file_path = "role-id"',
        '      secret_id_file_path = "secret-id"',
        "      remove_secret_id_file_after_reading = false",
        "    }",
        "  }",
        "}",
        "# How late a rotated token arrives; the old one is good for gatehouse:rotation.graceMinutes.",
        'template_config { static_secret_render_interval = "30s" }',
        // The forms first: no token is used before what hides it is there.
        ...template("token-forms.conf"),
        ...template("token.conf"),
        "",
      ].join("\n"),
    },
    {
      name: "token.conf.ctmpl",
      text: checked(tokenLines("{{ $token }}", "{{ .Data.data.sha256 }}"), tokenLines("", "")),
    },
    { name: "token-forms.conf.ctmpl", text: checked(forms, []) },
    {
      name: "reload.sh",
      text: [
        "#!/bin/sh",
        "# Vault Agent runs this when the token changed. A configuration that nginx does not take stays unused.",
        'cd "$(dirname "$0")" || exit 1',
        "[ -s nginx.pid ] || exit 0",
        'exec nginx -p "$PWD" -c nginx.conf -s reload',
        "",
      ].join("\n"),
    },
  ];
}
