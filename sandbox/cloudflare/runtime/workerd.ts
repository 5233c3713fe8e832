/**
 * Path of the runtime's program: the pinned package's, or what GATEHOUSE_WORKERD names (to try the tests under another version, see
 * tests/attacks/newest.ts). The package's own script before it would neither pass on a signal nor be the process that works.
 */
export const workerd: string =
  process.env["GATEHOUSE_WORKERD"] ||
  // oxlint-disable-next-line typescript/no-require-imports -- the package's main file is the path of the binary, and has no types
  (require("workerd") as { default: string }).default;
