/** `node scripts/checks/long-files.mjs`: the files that may be longer than others are listed by no more than their size. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run.mjs';

const list = '.oxlint-long-files.json';
const { overrides } = JSON.parse(readFileSync(join(root, list), 'utf8').replace(/^\s*\/\/.*$/gm, ''));
const [{ rules: general }, ...exceptions] = overrides;
const limitOf = (rules) => rules['eslint/max-lines'][1];

for (const { files, rules } of exceptions) {
  for (const file of files) {
    const path = join(root, file);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
    if (lines >= limitOf(rules)) continue;
    console.log(`${list}: ${file} ${lines > limitOf(general) ? `has ${lines} lines now` : 'needs no line here now'}`);
    process.exitCode = 1;
  }
}
