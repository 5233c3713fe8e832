/** The public rule set from which the list of formats is derived. The expressions are written anew. */
export const FORMAT_SOURCE = {
  name: "Gitleaks",
  version: "8.30.1",
  license: "MIT",
  url: "https://github.com/gitleaks/gitleaks/blob/v8.30.1/config/gitleaks.toml",
} as const;

/**
 * The form of one issuer's credentials. Only formats that begin with a text of the issuer's own are listed: a word such
 * as `password` beside 32 hexadecimal digits says too little to refuse a push.
 */
export interface CredentialFormat {
  readonly id: string;
  /** The rules of `FORMAT_SOURCE` that this format covers. Empty for a format that the set does not have. */
  readonly covers: readonly string[];
  /** Every credential begins with one of these. */
  readonly starts: readonly string[];
  /** What follows. Each repetition is bounded and over one class of characters, so matching is linear. */
  readonly rest: string;
  /** How many characters every credential has after its start. They alone decide whether it is a placeholder. */
  readonly least: number;
}

const format = (
  id: string,
  covers: string,
  starts: string,
  rest: string,
  least = Number(/\{(\d+)/.exec(rest)?.[1]),
): CredentialFormat => ({
  id,
  covers: covers === "" ? [] : covers.split(" "),
  starts: starts.split(" "),
  rest,
  least,
});

const HEX = "[a-f0-9]";
const ALNUM = "[A-Za-z0-9]";
const WORD = "[A-Za-z0-9_-]";

/** One format a line: id, rules of the public set, starts, what follows, and the least length of that. */
export const CREDENTIAL_FORMATS: readonly CredentialFormat[] = [
  format(
    "github-classic-token",
    "github-pat github-oauth github-refresh-token github-app-token",
    "ghp_ gho_ ghu_ ghr_",
    `${ALNUM}{36,255}`,
  ),
  format("github-installation-token", "github-app-token", "ghs_", "[A-Za-z0-9._-]{36,700}"),
  format("github-fine-grained-token", "github-fine-grained-pat", "github_pat_", "[A-Za-z0-9_]{60,255}"),
  format("gatehouse-key", "", "ghk_ gop_ gsk_ gsi_", `${WORD}{43}`),
  format("aws-access-key", "aws-access-token", "AKIA ASIA ABIA ACCA", "[A-Z2-7]{16}\\b"),
  format("aws-bedrock-key", "aws-amazon-bedrock-api-key-long-lived", "ABSK", "(?<![+/]ABSK)[A-Za-z0-9+/]{109,269}"),
  format(
    "aws-bedrock-session",
    "aws-amazon-bedrock-api-key-short-lived",
    "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t",
    "[A-Za-z0-9+/]{20,512}",
  ),
  format("google-api-key", "gcp-api-key", "AIza", `${WORD}{35}`),
  format(
    "slack-token",
    "slack-bot-token slack-user-token slack-legacy-token slack-legacy-bot-token slack-legacy-workspace-token slack-config-access-token slack-config-refresh-token",
    "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-",
    "[A-Za-z0-9-]{20,250}",
  ),
  format("slack-app-token", "slack-app-token", "xapp-", "[A-Za-z0-9-]{20,250}"),
  format(
    "slack-webhook",
    "slack-webhook-url",
    "hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/",
    "[A-Za-z0-9+/]{40,60}",
  ),
  format("anthropic-key", "anthropic-api-key anthropic-admin-api-key", "sk-ant-", `${WORD}{32,250}`),
  format("openai-key", "openai-api-key", "sk-proj- sk-svcacct- sk-admin-", `${WORD}{58,200}`),
  format("vault-token", "vault-batch-token vault-service-token", "hvs. hvb. hvr.", `${WORD}{24,300}`),
  format("npm-token", "npm-access-token", "npm_", `${ALNUM}{36}`),
  format("stripe-key", "stripe-access-token", "sk_live_ rk_live_ sk_prod_ rk_prod_", `${ALNUM}{20,250}`),
  format("1password-secret-key", "1password-secret-key", "A3-", "[A-Z0-9]{6}(?:-?[A-Z0-9]{5,6}){5}\\b", 31),
  format("1password-service-token", "1password-service-account-token", "ops_eyJ", "[A-Za-z0-9+/]{250,700}"),
  format("adobe-client-secret", "adobe-client-secret", "p8e-", `${ALNUM}{32}\\b`),
  format("age-secret-key", "age-secret-key", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
  format("airtable-token", "airtable-personnal-access-token", "pat", `${ALNUM}{14}\\.${HEX}{64}\\b`, 79),
  format("alibaba-access-key", "alibaba-access-key-id", "LTAI", `${ALNUM}{20}\\b`),
  format("artifactory-key", "artifactory-api-key", "AKCp", `${ALNUM}{69}\\b`),
  format("artifactory-token", "artifactory-reference-token", "cmVmd", `${ALNUM}{59}\\b`),
  format("clickhouse-key", "clickhouse-cloud-api-secret-key", "4b1d", `${ALNUM}{38}\\b`),
  format("clojars-token", "clojars-api-token", "CLOJARS_", `${ALNUM}{60}`),
  format("cloudflare-origin-ca-key", "cloudflare-origin-ca-key", "v1.0-", `${HEX}{24}-${HEX}{146}\\b`, 171),
  format("databricks-token", "databricks-api-token", "dapi", `${HEX}{32}\\b`),
  format(
    "digitalocean-token",
    "digitalocean-access-token digitalocean-pat digitalocean-refresh-token",
    "doo_v1_ dop_v1_ dor_v1_",
    `${HEX}{64}\\b`,
  ),
  format("doppler-token", "doppler-api-token", "dp.pt.", `${ALNUM}{43}\\b`),
  format("duffel-token", "duffel-api-token", "duffel_test_ duffel_live_", "[A-Za-z0-9_=-]{43}"),
  format("dynatrace-token", "dynatrace-api-token", "dt0c01.", `${ALNUM}{24}\\.${ALNUM}{64}\\b`, 89),
  format("easypost-key", "easypost-api-token easypost-test-api-token", "EZAK EZTK", `${ALNUM}{54}\\b`),
  format("facebook-page-token", "facebook-page-access-token", "EAAM EAAC", `${ALNUM}{100,255}`),
  format("flutterwave-key", "flutterwave-secret-key", "FLWSECK_TEST-", "[A-Ha-h0-9]{32}-X", 34),
  format("flyio-token", "flyio-access-token", "fo1_", `${WORD}{43}`),
  format("flyio-macaroon", "flyio-access-token", "fm1a_ fm1r_ fm2_", "[A-Za-z0-9+/]{100,700}"),
  format("frameio-token", "frameio-api-token", "fio-u-", "[A-Za-z0-9_=-]{64}"),
  format(
    "gitlab-token",
    "gitlab-pat gitlab-pat-routable gitlab-deploy-token gitlab-feature-flag-client-token gitlab-feed-token gitlab-incoming-mail-token gitlab-kubernetes-agent-token gitlab-oauth-app-secret gitlab-ptt gitlab-rrt gitlab-runner-authentication-token gitlab-runner-authentication-token-routable gitlab-scim-token",
    "glpat- gldt- glffct- glft- glimt- glagent- gloas- glptt- glrt- glsoat- GR1348941",
    "[A-Za-z0-9_.-]{20,320}",
  ),
  format("gitlab-job-token", "gitlab-cicd-job-token", "glcbt-", `${ALNUM}{1,5}_${WORD}{20}`, 22),
  format("grafana-key", "grafana-api-key", "eyJrIjoi", `${ALNUM}{70,400}`),
  format("grafana-cloud-token", "grafana-cloud-api-token", "glc_", "[A-Za-z0-9+/]{32,400}"),
  format("grafana-service-token", "grafana-service-account-token", "glsa_", `${ALNUM}{32}_[A-Fa-f0-9]{8}\\b`, 41),
  format("harness-key", "harness-api-key", "pat. sat.", `${WORD}{22}\\.${ALNUM}{24}\\.${ALNUM}{20}\\b`, 68),
  format("heroku-key", "heroku-api-key-v2", "HRKU-AA", `${WORD}{58}`),
  format(
    "huggingface-token",
    "huggingface-access-token huggingface-organization-api-token",
    "hf_ api_org_",
    "[A-Za-z]{34}\\b",
  ),
  format("infracost-token", "infracost-api-token", "ico-", `${ALNUM}{32}\\b`),
  format("intra42-secret", "intra42-client-secret", "s-s4t2ud- s-s4t2af-", `${HEX}{64}\\b`),
  format("linear-key", "linear-api-key", "lin_api_", `${ALNUM}{40}\\b`),
  format("notion-token", "notion-api-token", "ntn_", "[0-9]{11}[A-Za-z0-9]{35}\\b", 46),
  format("octopus-key", "octopus-deploy-api-key", "API-", "[A-Z0-9]{26}\\b"),
  format("openshift-token", "openshift-user-token", "sha256~", `${WORD}{43}`),
  format("perplexity-key", "perplexity-api-key", "pplx-", `${ALNUM}{48}\\b`),
  format(
    "planetscale-secret",
    "planetscale-api-token planetscale-oauth-token planetscale-password",
    "pscale_tkn_ pscale_oauth_ pscale_pw_",
    "[A-Za-z0-9_=.-]{32,64}",
  ),
  format("postman-key", "postman-api-token", "PMAK-", `${HEX}{24}-${HEX}{34}\\b`, 59),
  format("prefect-token", "prefect-api-token", "pnu_", `${ALNUM}{36}\\b`),
  format("pulumi-token", "pulumi-api-token", "pul-", `${HEX}{40}\\b`),
  format("pypi-token", "pypi-upload-token", "pypi-AgEIcHlwaS5vcmc", `${WORD}{50,700}`),
  format("readme-key", "readme-api-token", "rdme_", "[a-z0-9]{70}\\b"),
  format("rubygems-key", "rubygems-api-token", "rubygems_", `${HEX}{48}\\b`),
  format("scalingo-token", "scalingo-api-token", "tk-us-", `${WORD}{48}`),
  format("sendgrid-key", "sendgrid-api-token", "SG.", "[A-Za-z0-9=_.-]{66}"),
  format("sendinblue-key", "sendinblue-api-token", "xkeysib-", `${HEX}{64}-${ALNUM}{16}\\b`, 81),
  format("sentry-org-token", "sentry-org-token", "sntrys_eyJpYXQiO", "[A-Za-z0-9+/=_]{64,450}"),
  format("sentry-user-token", "sentry-user-token", "sntryu_", `${HEX}{64}\\b`),
  format(
    "settlemint-token",
    "settlemint-application-access-token settlemint-personal-access-token settlemint-service-access-token",
    "sm_aat_ sm_pat_ sm_sat_",
    `${ALNUM}{16}\\b`,
  ),
  format("shippo-token", "shippo-api-token", "shippo_live_ shippo_test_", "[A-Fa-f0-9]{40}\\b"),
  format(
    "shopify-token",
    "shopify-access-token shopify-custom-access-token shopify-private-app-access-token shopify-shared-secret",
    "shpat_ shpca_ shppa_ shpss_",
    "[A-Fa-f0-9]{32}\\b",
  ),
  format("sourcegraph-token", "sourcegraph-access-token", "sgp_", "(?:[A-Fa-f0-9]{16}_|local_)?[A-Fa-f0-9]{40}\\b", 40),
  format("square-token", "square-access-token", "sq0atp- EAAAl", `${WORD}{22,60}`),
  format("twilio-key", "twilio-api-key", "SK", "[a-f0-9]{32}\\b"),
];

/** The first line of a private key in PEM, which is the same in all keys: `private-key` of the public set. */
export const PRIVATE_KEY = {
  id: "private-key",
  covers: ["private-key"],
  start: "-----BEGIN ",
  rest: "(?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
} as const;
