export default async function globalTeardown(globalConfig) {
  await Promise.all([globalThis.compiledSources.remove(), ...globalThis.testServers.map((server) => server.stop())]);
  if (globalConfig.watch || globalConfig.watchAll) return;
  // A single spec file runs in Jest's own process: what it leaked is reported, and must not keep the run from ending.
  setTimeout(() => {
    console.error('Something keeps the test process alive; ending it.');
    process.exit(process.exitCode || 1);
  }, 2_000).unref();
}
