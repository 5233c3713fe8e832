import { CREATED_AT, METADATA, hosts, text } from "./common";
import type { Field, ResourceModel } from "./field";

const packages = (manager: string): Field => ({
  kind: "list",
  description: `Packages that ${manager} installs.`,
  items: text("A package, with a version where the manager takes one."),
});

/** Where an agent's tools run, and what they reach. The service keeps no versions of it. */
export const ENVIRONMENT: ResourceModel = {
  name: "Environment",
  description:
    "An environment of Claude Managed Agents: where the tools of a session run, and which hosts they reach. The service keeps no versions of it; a change reaches new sandboxes only.",
  inputs: {
    name: text("Name that people read.", { required: true, maxLength: 255 }),
    description: text("What it is for."),
    config: {
      kind: "variants",
      name: "EnvironmentConfig",
      replaceOnType: true,
      required: true,
      description:
        "Where the tools run: `cloud` in a sandbox of the service, `self_hosted` at your own workers. Another type makes a new environment.",
      variants: {
        cloud: {
          networking: {
            kind: "variants",
            name: "Networking",
            required: true,
            description:
              "Which hosts the sandbox reaches. The service would take `unrestricted` where nothing is said, so it has to be said.",
            variants: {
              limited: {
                allowedHosts: hosts("Hosts that the sandbox reaches; none where the list is empty.", { default: [] }),
                allowMcpServers: {
                  kind: "boolean",
                  description: "Whether the hosts of the agent's MCP servers are reached too.",
                  default: false,
                },
                allowPackageManagers: {
                  kind: "boolean",
                  description: "Whether public package registries are reached too: a way for data to leave.",
                  default: false,
                },
              },
              unrestricted: {},
            },
          },
          packages: {
            kind: "object",
            name: "Packages",
            description: "Packages that are installed; with `limited` they need allowPackageManagers.",
            fields: {
              apt: packages("apt"),
              cargo: packages("cargo"),
              gem: packages("gem"),
              go: packages("go"),
              npm: packages("npm"),
              pip: packages("pip"),
            },
          },
        },
        self_hosted: {},
      },
    },
    metadata: METADATA,
  },
  outputs: { createdAt: CREATED_AT },
};
