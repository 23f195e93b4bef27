/** The TypeScript of a README, as a reader would paste it. */
import ts from 'typescript';

export interface ReadmeBlock {
  /** Where it starts in the README, for messages. */
  readonly line: number;
  /** The block, with what the README hides before it: `<!-- ts … -->`, right above the fence, is code that is not shown. */
  readonly code: string;
  /** The first block, and those that hold a line `// run`. */
  readonly run: boolean;
  /** Lines of the ```text block that follows: the program prints each of them. */
  readonly prints: readonly string[];
}

const block =
  /(?:<!-- ts\n(?<hidden>[^]*?)-->\n+)?^```ts\n(?<code>[^]*?)^```\n(?:\n*^```text\n(?<text>[^]*?)^```\n)?/gm;

export function readmeBlocks(markdown: string): ReadmeBlock[] {
  return [...markdown.matchAll(block)].map((match, index) => {
    const { hidden = '', code = '', text = '' } = match.groups ?? {};
    return {
      line: markdown.slice(0, match.index).split('\n').length,
      code: `${hidden}${code}`,
      run: index === 0 || /^\/\/ run$/m.test(code),
      prints: text.split('\n').filter((line) => line.trim() !== ''),
    };
  });
}

/** The packages of the first `npm install` in a README. */
export function installLine(markdown: string): string[] {
  const line = /^npm (?:install|i) (?<packages>[^#\n]+)/m.exec(markdown)?.groups?.['packages'];
  if (line === undefined) throw new Error('The README has no line that starts with "npm install".');
  return line.trim().split(/\s+/);
}

/** The same program for a CommonJS file: from the first top-level `await` on, it stands in an async function. */
export function withoutTopLevelAwait(code: string): string {
  const source = ts.createSourceFile('readme.ts', code, ts.ScriptTarget.Latest, true);
  const first = source.statements.find(awaits);
  if (!first) return code;
  const start = first.getFullStart();
  return `${code.slice(0, start)}\nvoid (async () => {${code.slice(start)}})();\n`;
}

function awaits(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.isAwaitExpression(node) || ts.forEachChild(node, awaits) === true;
}
