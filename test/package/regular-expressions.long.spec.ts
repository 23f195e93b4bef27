/** Users write what these read: none may take longer than in proportion to the text. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'libs');

interface Found {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

async function regularExpressions(): Promise<Found[]> {
  const files = await readdir(sources, { recursive: true });
  const found: Found[] = [];
  for (const file of files.filter((each) => each.endsWith('.ts') && !/\.spec\.ts$|(^|\/)dist\//.test(each))) {
    const parsed = ts.createSourceFile(file, await readFile(join(sources, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        found.push({ file, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
      }
      ts.forEachChild(node, visit);
    };
    visit(parsed);
  }
  return found;
}

/** What recheck says of each, in a process of its own: it computes for half a minute. One that takes it too long is `unknown`. */
async function check(expressions: readonly Omit<Found, 'file'>[]): Promise<{ status: string; complexity: string }[]> {
  const program = `
    import { checkSync } from 'recheck';
    const results = JSON.parse(process.argv[1]).map(({ source, flags }) => checkSync(source, flags, { timeout: 300_000 }));
    console.log(JSON.stringify(results.map(({ status, complexity }) => ({ status, complexity: complexity?.summary }))));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program, JSON.stringify(expressions)],
    { cwd: root, env: { ...process.env, RECHECK_BACKEND: 'pure' } },
  );
  return JSON.parse(stdout) as { status: string; complexity: string }[];
}

describe('the regular expressions of our packages', () => {
  it('are linear in the length of the text', async () => {
    const found = await regularExpressions();
    const results = await check(found);
    expect(found.filter((_, n) => results[n]!.status !== 'safe')).toEqual([]);
  });

  it('would be told apart from one that is not', async () => {
    expect(await check([{ source: '^(?:(\\d+)w)? *(?:(\\d+)d)? *(?:(\\d+)h)? *x$', flags: '' }])).toEqual([
      { status: 'vulnerable', complexity: expect.stringContaining('polynomial') },
    ]);
  });
});
