import { serve } from "../server";

// Pulumi starts this file and reads the port from the first line. It exports nothing: the runner would take an exported
// component for a provider of its own.
void serve().then(({ port }) => process.stdout.write(`${port}\n`));
