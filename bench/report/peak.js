// Loaded by node in front of a command: says at its end how much memory it took at most, and how long it computed.
process.on("exit", () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stderr.write(`peak ${maxRSS} kB, cpu ${userCPUTime + systemCPUTime} us\n`);
});
