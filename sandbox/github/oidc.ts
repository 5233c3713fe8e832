import { createHash, createPublicKey, generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";
import { randomText } from "./tokens";

/** An RSA key in the form in which GitHub hands out an App's: PKCS#1 PEM. */
export async function newRsaKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return privateKey;
}

const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * The issuer of the ID tokens that GitHub Actions gives to jobs; on an Enterprise Server it lives at
 * `/_services/token`.
 */
export class OidcIssuer {
  readonly issuer: string;
  readonly #kid: string;

  constructor(
    private readonly pem: string,
    origin: string,
  ) {
    this.issuer = `${origin}/_services/token`;
    this.#kid = createHash("sha256")
      .update(createPublicKey(pem).export({ type: "spki", format: "der" }))
      .digest("hex")
      .slice(0, 40)
      .toUpperCase();
  }

  discovery() {
    return {
      issuer: this.issuer,
      jwks_uri: `${this.issuer}/.well-known/jwks`,
      subject_types_supported: ["public", "pairwise"],
      response_types_supported: ["id_token"],
      id_token_signing_alg_values_supported: ["RS256"],
      scopes_supported: ["openid"],
      claims_supported: [
        "sub",
        "aud",
        "exp",
        "iat",
        "iss",
        "jti",
        "nbf",
        "ref",
        "sha",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "run_id",
        "run_number",
        "run_attempt",
        "repository_visibility",
        "actor",
        "actor_id",
        "workflow",
        "workflow_ref",
        "workflow_sha",
        "head_ref",
        "base_ref",
        "event_name",
        "ref_type",
        "ref_protected",
        "environment",
        "job_workflow_ref",
        "job_workflow_sha",
        "runner_environment",
      ],
    };
  }
  jwks() {
    return {
      keys: [{ ...createPublicKey(this.pem).export({ format: "jwk" }), kid: this.#kid, use: "sig", alg: "RS256" }],
    };
  }

  /** An ID token of a job of `repository` on `ref`, lasting five minutes, unless the claims say otherwise. */
  mint(claims: Record<string, unknown>): string {
    const now = Math.floor(Date.now() / 1000); // whoever checks it reads the machine's clock
    const repository = String(claims["repository"] ?? "acme/api");
    const ref = String(claims["ref"] ?? "refs/heads/main");
    const environment = claims["environment"];
    const body = {
      jti: randomText(24),
      sub: `repo:${repository}:${environment === undefined ? `ref:${ref}` : `environment:${String(environment)}`}`,
      aud: `${new URL(this.issuer).origin}/${repository.split("/")[0]}`,
      ref,
      sha: "0".repeat(40),
      repository,
      repository_owner: repository.split("/")[0],
      run_id: "1",
      run_number: "1",
      run_attempt: "1",
      repository_visibility: "private",
      actor: "acme-admin",
      workflow: "rotate",
      head_ref: "",
      base_ref: "",
      event_name: "schedule",
      ref_protected: "true",
      ref_type: "branch",
      workflow_ref: `${repository}/.github/workflows/rotate.yml@${ref}`,
      job_workflow_ref: `${repository}/.github/workflows/rotate.yml@${ref}`,
      runner_environment: "github-hosted",
      iss: this.issuer,
      nbf: now - 300,
      iat: now,
      exp: now + 300,
      ...claims,
    };
    const signed = `${b64({ typ: "JWT", alg: "RS256", kid: this.#kid })}.${b64(body)}`;
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), this.pem).toString("base64url")}`;
  }
}
