import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));

it('checks payloads at compile time, strict and with skipLibCheck off', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [tsc, '-p', project], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  expect(output).toBe('');
}, 120_000);
