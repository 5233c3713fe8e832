import { buildProgram } from "./program";
import { runMain } from "./support/exit";
import { useEnvironmentProxies } from "./support/proxy";

useEnvironmentProxies();
void runMain(buildProgram(process.argv[2]));
