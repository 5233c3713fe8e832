import { PolicyPack } from "@pulumi/policy";
import { crossGuardPolicies } from "./adapter";

/**
 * What `pulumi preview --policy-pack policy` loads. Constructing the pack starts its server, so nothing else imports
 * this file.
 */
new PolicyPack("gatehouse", { policies: crossGuardPolicies() });
