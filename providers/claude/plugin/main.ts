import { serve } from "../server";

// The engine reads the port from the first line.
void serve().then(({ port }) => process.stdout.write(`${port}\n`));
