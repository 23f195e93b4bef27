/** docs/errors.md has a section for each code, with what the sources say of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ERROR_CODES } from '#src/errors/error-codes.js';
import { ERROR_STATUS } from '#src/http/problems/error-status.js';

const sections = readFileSync('docs/errors.md', 'utf8').split(/^### /m).slice(1);
const codeOf = (section: string) => section.split('\n', 1)[0]!;

/** By code, the classes whose errors carry it. */
function classesByCode(): Map<string, string[]> {
  const folder = 'libs/job-scheduler/src/errors';
  const sources = readdirSync(folder).filter((file) => file.endsWith('-errors.ts'));
  const found = new Map<string, string[]>();
  for (const file of sources) {
    const source = readFileSync(join(folder, file), 'utf8');
    for (const [, name, code] of source.matchAll(/^export class (\w+)(?:(?!^})[^])*?readonly code = '(\w+)'/gm))
      found.set(code!, [...(found.get(code!) ?? []), name!]);
  }
  return found;
}

test('the page of errors has one section for every code, and none for another', () =>
  expect(sections.map(codeOf).toSorted()).toEqual([...ERROR_CODES].toSorted()));

test('each section has the HTTP status, says when the error comes, why, and what to do', () => {
  for (const section of sections) {
    const code = codeOf(section);
    const status = Number(/; status (\d{3})\.$/m.exec(section)?.[1]);
    const parts = [...section.matchAll(/^- \*\*([^:]+):\*\* \S.*\S$/gm)].map(([, part]) => part);
    expect([code, status, ...parts]).toEqual([
      code,
      ERROR_STATUS[code as keyof typeof ERROR_STATUS],
      'When',
      'Why',
      'What to do',
    ]);
  }
});

test('each section names the classes whose errors have its code', () => {
  const classes = classesByCode();
  expect(classes.size).toBeGreaterThan(45);
  for (const section of sections) {
    const [, named = ''] = /^(.*); status/m.exec(section) ?? [];
    const shown = [...named.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect([codeOf(section), ...shown.toSorted()]).toEqual([
      codeOf(section),
      ...(classes.get(codeOf(section)) ?? []).toSorted(),
    ]);
  }
});
