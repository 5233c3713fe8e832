/** Path of the runtime's program. The package's own script before it would neither pass on a signal nor be the process that works. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the package's main file is the path of the binary, and has no types
export const workerd = (require("workerd") as { default: string }).default;
