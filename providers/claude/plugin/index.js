// What Pulumi starts in a checkout. Its runner would compile the TypeScript with the tsconfig.json of whatever program uses
// the provider, type errors included; tsx takes the sources as they are. The published package starts main.js.
require("tsx/cjs");
require("./main.ts");
