import * as pulumi from "@pulumi/pulumi";
import { GatehouseProvider } from "./provider";

// Pulumi starts this file. It exports nothing: the runner would take an exported component for a provider of its own.
void pulumi.provider.main(new GatehouseProvider(), process.argv.slice(2));
