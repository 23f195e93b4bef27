/** The pages of the checkout lead where they say, and to each other; so do comments that name a page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  brokenLinks,
  emptyHeadings,
  headingsOf,
  linksOf,
  missingFiles,
  unreachable,
  type Checkout,
} from './docs-pages.js';

const isBuilt = (path: string) => /(^|\/)(node_modules|dist)\//.test(path);
const filesIn = (folder: string, recursive = true) =>
  readdirSync(folder, { recursive, encoding: 'utf8' }).map((name) => join(folder, name));
const read = (paths: readonly string[]) =>
  new Map(paths.filter((path) => !isBuilt(path)).map((path) => [path, readFileSync(path, 'utf8')]));

const atTop = filesIn('.', false);
const pages = [...atTop, ...filesIn('docs'), ...(existsSync('.github') ? filesIn('.github') : []), ...filesIn('libs')];
const checkout: Checkout = { pages: read(pages.filter((path) => path.endsWith('.md'))), exists: existsSync };
const folders = ['libs', 'apps', 'test', 'bench', 'scripts'].flatMap((folder) => filesIn(folder));
const sources = [...atTop, ...folders].filter((path) => /\.(ts|mts|mjs|lua|sql)$/.test(path));
const code = read(sources.filter((path) => !path.startsWith('test/package/docs')));

test('every link of a page, and every page that a comment names, exists with its heading', () => {
  expect(code.size).toBeGreaterThan(500);
  expect(brokenLinks(checkout, code)).toEqual([]);
});

test('every file that a page names exists', () => {
  expect(missingFiles(checkout)).toEqual([]);
});

test('every heading has a text below it', () => {
  expect(emptyHeadings(checkout)).toEqual([]);
});

test('every page of docs can be reached from the README', () => {
  expect(unreachable(checkout, 'README.md')).toEqual([]);
});

test('every decision says its context, what was decided, what follows and what else was tried, and is in the index', () => {
  const decisions = [...checkout.pages].filter(([path]) => path.startsWith('docs/adr/') && !path.endsWith('README.md'));
  const index = linksOf('docs/adr/README.md', checkout.pages.get('docs/adr/README.md')!).map(({ path }) => path);
  expect(index.filter((path) => path.startsWith('docs/adr/')).toSorted()).toEqual(
    decisions.map(([path]) => path).toSorted(),
  );
  for (const [path, page] of decisions) {
    const [, ...parts] = headingsOf(page).map(({ text }) => text);
    expect([path, ...parts]).toEqual([path, 'Context', 'Decision', 'Consequences', 'Alternatives']);
  }
});

describe('in a checkout with faults,', () => {
  const few = new Map([
    ['README.md', '# A\n\n[b](docs/b.md#the-end-of-b), [c](docs/c.md), [d](docs/b.md#d)\n\n```sh\n# no heading\n```\n'],
    ['docs/b.md', '# B\n\n## The end of `B`\n\nSee [a](../README.md#a), `store/ports.ts` and `test/gone.ts`.\n'],
    ['docs/lonely.md', '# Lonely\n\nNo page leads here.\n'],
  ]);
  const faulty: Checkout = {
    pages: few,
    exists: (path) => few.has(path) || path === 'libs/job-scheduler/src/store/ports.ts',
  };

  test('links without a page or a heading are found, in comments too', () => {
    const comments = new Map([['a.ts', '/** See docs/b.md#the-end-of-b, docs/b.md#gone. And docs/gone.md. */']]);
    expect(brokenLinks(faulty, comments)).toEqual([
      'README.md: there is no docs/c.md',
      'README.md: docs/b.md has no heading #d',
      'a.ts: docs/b.md has no heading #gone',
      'a.ts: there is no docs/gone.md',
    ]);
  });

  test('files that are gone, headings without a text and lonely pages are found', () => {
    expect(missingFiles(faulty)).toEqual(['docs/b.md: there is no test/gone.ts']);
    expect(emptyHeadings(faulty)).toEqual(['docs/b.md: nothing stands below "B"']);
    expect(unreachable(faulty, 'README.md')).toEqual(['docs/lonely.md']);
  });

  test('the same heading twice has two anchors', () => {
    expect(headingsOf('# Look: `a` & b\n\n# Look: `a` & b\n').map(({ anchor }) => anchor)).toEqual([
      'look-a--b',
      'look-a--b-1',
    ]);
  });
});
