/** The Markdown pages of the checkout: their headings, their links, and the files that they name. */
import { dirname, join, normalize } from 'node:path';

export interface Heading {
  readonly text: string;
  /** 1 for `#`. */
  readonly level: number;
  /** As GitHub makes it for links. */
  readonly anchor: string;
  /** Whether a text, a list, a table or code stands between this heading and the next. */
  readonly hasBody: boolean;
}

export interface Link {
  /** A path from the root of the checkout. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** The pages of a checkout by their path, and whether a path is a file or a folder of it. */
export interface Checkout {
  readonly pages: ReadonlyMap<string, string>;
  readonly exists: (path: string) => boolean;
}

/** Blocks of code hold headings and links of other languages. */
const withoutBlocks = (page: string): string => page.replace(/^( *)(```|~~~)[^]*?^\1\2$/gm, '```');
const withoutComments = (page: string): string => page.replace(/<!--[^]*?-->/g, '');
/** YAML before the page, in the templates of issues. */
const withoutFrontMatter = (page: string): string => page.replace(/^---\n[^]*?\n---\n/, '');

export function headingsOf(page: string): Heading[] {
  const lines = withoutBlocks(withoutComments(withoutFrontMatter(page))).split('\n');
  const used = new Map<string, number>();
  const found: { text: string; level: number; anchor: string; hasBody: boolean }[] = [];
  for (const line of lines) {
    const [, marks, title] = /^(#{1,6}) +(.*?) *#*$/.exec(line) ?? [];
    if (marks === undefined || title === undefined) {
      const last = found.at(-1);
      if (last && line.trim() !== '') last.hasBody = true;
      continue;
    }
    const plain = anchorOf(title);
    const times = used.get(plain) ?? 0;
    used.set(plain, times + 1);
    found.push({ text: title, level: marks.length, anchor: times > 0 ? `${plain}-${times}` : plain, hasBody: false });
  }
  return found;
}

function anchorOf(title: string): string {
  const text = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Links that stay in the checkout. */
export function linksOf(path: string, page: string): Link[] {
  const text = withoutBlocks(page).replace(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\((?<target>[^)\s]+)[^)]*\)/g)].map(({ groups }) => groups!['target']!);
  return targets
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => {
      const [file, anchor] = target.split('#') as [string, string?];
      return { path: file === '' ? path : normalize(join(dirname(path), file)), anchor };
    });
}

/** Pages of `docs/` that code speaks of, with the heading where it names one. */
export function pagesNamedIn(code: string): Link[] {
  return [...code.matchAll(/\bdocs\/(?<file>[\w./-]+?\.md)\b(?:#(?<anchor>[\w-]+))?/g)].map(({ groups }) => ({
    path: `docs/${groups!['file']!}`,
    anchor: groups!['anchor'],
  }));
}

/** Source files that a page names, such as `test/store/conformance.ts`, or, of the library, `store/ports.ts`. */
export function filesNamedIn(page: string): string[] {
  const named = withoutBlocks(page).matchAll(/`(?<file>[\w.-]+(?:\/[\w.-]+)+\.(?:ts|mts|mjs|lua|sql|md|json|yml))`/g);
  return [...named].map(({ groups }) => groups!['file']!);
}

/** Where the paths that pages name may begin. */
const ROOTS = ['', 'libs/job-scheduler/src/'];

/** What is wrong with the links of pages and code, one line each. */
export function brokenLinks(checkout: Checkout, code: ReadonlyMap<string, string> = new Map()): string[] {
  const anchors = new Map(
    [...checkout.pages].map(([path, page]) => [path, new Set(headingsOf(page).map(({ anchor }) => anchor))]),
  );
  const links = [
    ...[...checkout.pages].map(([path, page]) => [path, linksOf(path, page)] as const),
    ...[...code].map(([path, text]) => [path, pagesNamedIn(text)] as const),
  ];
  return links.flatMap(([from, each]) =>
    each.flatMap(({ path, anchor }) => {
      if (!checkout.exists(path)) return [`${from}: there is no ${path}`];
      if (anchor === undefined || anchors.get(path)?.has(anchor)) return [];
      return [`${from}: ${path} has no heading #${anchor}`];
    }),
  );
}

export function missingFiles({ pages, exists }: Checkout): string[] {
  return [...pages].flatMap(([path, page]) =>
    filesNamedIn(page)
      .filter((file) => !ROOTS.some((root) => exists(`${root}${file}`)))
      .map((file) => `${path}: there is no ${file}`),
  );
}

export function emptyHeadings({ pages }: Checkout): string[] {
  return [...pages].flatMap(([path, page]) =>
    headingsOf(page)
      .filter(({ hasBody }) => !hasBody)
      .map(({ text }) => `${path}: nothing stands below "${text}"`),
  );
}

/** The pages of `docs/` to which no way leads from `start`. */
export function unreachable({ pages }: Checkout, start: string): string[] {
  const seen = new Set([start]);
  for (const path of seen)
    for (const link of linksOf(path, pages.get(path) ?? '')) if (pages.has(link.path)) seen.add(link.path);
  return [...pages.keys()].filter((path) => path.startsWith('docs/') && !seen.has(path));
}
