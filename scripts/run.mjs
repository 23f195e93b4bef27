/** Running other programs from our scripts. Plain Node: this is used before anything is installed. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The programs that our packages bring, as files for `node`: no shell, no PATH. */
export const programs = {
  attw: join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'),
  depcruise: join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
  jest: join(root, 'node_modules/jest/bin/jest.js'),
  nest: join(root, 'node_modules/@nestjs/cli/bin/nest.js'),
  oxlint: join(root, 'node_modules/oxlint/bin/oxlint'),
  prettier: join(root, 'node_modules/prettier/bin/prettier.cjs'),
  publint: join(root, 'node_modules/publint/src/cli.js'),
  tsc: join(root, 'node_modules/typescript/bin/tsc'),
};

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs `node` in the foreground, hands our signals on to it, and gives its exit code. */
export function node(args, options = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', ...options });
  const handOn = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, handOn);
  const watch = whenOrphaned(() => handOn('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, handOn);
      resolve(code ?? 1);
    });
  });
}

const signals = ['SIGINT', 'SIGTERM'];

/** npm gives a SIGTERM to the shell between it and us, which dies and does not hand it on. */
function whenOrphaned(act) {
  const parent = process.ppid;
  if (!process.env.npm_lifecycle_event) return undefined;
  return setInterval(() => process.ppid === parent || act(), 500);
}

/** Runs a program silently; when it fails, prints what it said and throws. Gives its standard output. */
export function quietly(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.status === 0) return result.stdout;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new Error(`"${command} ${args.join(' ')}" failed${result.error ? `: ${result.error.message}` : ''}`);
}
