import { CREATED_AT, METADATA, hosts, text, urlProblem } from "./common";
import type { Field, ResourceModel } from "./field";

/** A place for credentials, named when a session starts. */
export const VAULT: ResourceModel = {
  name: "Vault",
  description:
    "A vault of Claude Managed Agents: credentials that a session may use, named when the session starts. Everybody with an API key of the workspace can name it: one workspace for each zone of trust.",
  inputs: {
    displayName: text("Name that people read.", { required: true, maxLength: 255 }),
    metadata: METADATA,
  },
  outputs: { createdAt: CREATED_AT },
};

const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MCP_SERVER_URL: Field = text("The MCP server to which it is shown.", {
  required: true,
  replace: true,
  problem: urlProblem,
});

export const VAULT_CREDENTIAL: ResourceModel = {
  name: "VaultCredential",
  description:
    "A credential in a vault: the service shows it for the agent, which never sees it. The secret itself is write-only: the state keeps a fingerprint, never the value.",
  inputs: {
    vaultId: text("The vault that keeps it (`vlt_…`).", { required: true, replace: true }),
    displayName: text("Name that people read.", { maxLength: 255 }),
    auth: {
      kind: "variants",
      name: "CredentialAuth",
      replaceOnType: true,
      required: true,
      description: "What the credential is. Another type makes a new credential.",
      variants: {
        environment_variable: {
          secretName: text("Environment variable in the sandbox, which holds a placeholder.", {
            required: true,
            replace: true,
            problem: (value) =>
              SECRET_NAME.test(value) ? undefined : "is no name of an environment variable; write it as GATE_KEY",
          }),
          secretValue: text("What takes the placeholder's place on the way out.", { required: true, secret: true }),
          networking: {
            kind: "variants",
            name: "CredentialNetworking",
            required: true,
            description: "The hosts that get the secret. The environment must let the sandbox reach them.",
            variants: {
              limited: { allowedHosts: hosts("Hosts that get the secret: 1 to 16.", { required: true, maxItems: 16 }) },
              unrestricted: {},
            },
          },
          injectionLocation: {
            kind: "object",
            name: "InjectionLocation",
            description: "Where in a request the placeholder is replaced; at least one place.",
            default: {},
            fields: {
              header: { kind: "boolean", description: "In headers.", default: true },
              body: { kind: "boolean", description: "In bodies.", default: false },
            },
          },
        },
        static_bearer: {
          mcpServerUrl: MCP_SERVER_URL,
          token: text("The bearer token.", { required: true, secret: true }),
        },
        mcp_oauth: {
          mcpServerUrl: MCP_SERVER_URL,
          accessToken: text("The access token.", { required: true, secret: true }),
          expiresAt: text(
            "When the access token ends (RFC 3339). Give it with every new token: the service keeps the old one.",
            {
              volatile: true,
            },
          ),
          refresh: {
            kind: "object",
            name: "OauthRefresh",
            description: "How the service renews the access token.",
            fields: {
              clientId: text("Client id at the token endpoint.", { required: true, replace: true }),
              refreshToken: text("The refresh token.", { required: true, secret: true }),
              tokenEndpoint: text("Address of the token endpoint.", {
                required: true,
                replace: true,
                problem: urlProblem,
              }),
              tokenEndpointAuth: {
                kind: "variants",
                name: "TokenEndpointAuth",
                required: true,
                replaceOnType: true,
                description: "How the client proves itself at the token endpoint.",
                variants: {
                  none: {},
                  client_secret_basic: { clientSecret: text("The client's secret.", { required: true, secret: true }) },
                  client_secret_post: { clientSecret: text("The client's secret.", { required: true, secret: true }) },
                },
              },
              resource: text("The resource to name (RFC 8707).", { replace: true }),
              scope: text("The scope to ask for."),
            },
          },
        },
      },
    },
    metadata: METADATA,
  },
  outputs: {
    credentialId: {
      kind: "string",
      description: "The service's id (`vcrd_…`); the resource's id is `vault/credential`.",
    },
    createdAt: CREATED_AT,
  },
};
