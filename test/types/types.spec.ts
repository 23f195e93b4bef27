import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));

it('checks payloads at compile time, strict and with skipLibCheck off', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [tsc, '-p', project], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  // Declarations of other packages are theirs: PGlite's own do not pass. What we publish is checked in test/package.
  const ours = output.split('\n').filter((line) => !line.startsWith('node_modules/'));
  expect(ours.join('\n').trim()).toBe('');
}, 120_000);
