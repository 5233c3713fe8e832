#!/usr/bin/env node
// The sources are TypeScript; tsx runs them as they are, so there is no build to be stale.
require("tsx/cjs");
require("./main.ts");
