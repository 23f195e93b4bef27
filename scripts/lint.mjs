/** `npm run lint`: every static check, to the end, so that one run shows all that is wrong. */
import { spawnSync } from 'node:child_process';
import { programs, root, seconds } from './run.mjs';
import { setup } from './setup.mjs';

const checks = {
  'lint rules': [programs.oxlint],
  types: [programs.tsc, '--noEmit', '-p', 'tsconfig.json'],
  formatting: [programs.prettier, '--check', '.'],
  'long files': ['scripts/checks/long-files.mjs'],
  'names and titles': ['scripts/checks/names.mjs'],
  "BullMQ's members": ['scripts/checks/bullmq-members.mjs'],
  'embedded Lua and SQL': ['scripts/embed.mjs', '--check'],
  imports: [programs.depcruise, '--config', '.dependency-cruiser.mjs', 'libs', 'apps', 'test'],
};

setup();
for (const [name, args] of Object.entries(checks)) {
  const start = performance.now();
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  console.log(`${result.status === 0 ? '✔' : '✘'} ${name} (${seconds(start)})`);
  if (result.status === 0) continue;
  process.stdout.write(`${result.stdout}${result.stderr}${result.error?.message ?? ''}\n`);
  process.exitCode = 1;
}
