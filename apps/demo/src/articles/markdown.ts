/** The little that the newsroom understands of Markdown. */

const FENCED_CODE = /^(```|~~~)[^]*?^\1/gm;
const LINK = /\]\(\s*<?(https?:\/\/[^\s)>]+)|href="(https?:\/\/[^"\s]+)"/g;

/** The text that people read: without code, tags, images and the addresses of links. */
export function plainText(markdown: string): string {
  return markdown
    .replace(FENCED_CODE, ' ')
    .replace(/<!--[^]*?-->/g, ' ')
    .replace(/<[^<>]{1,1000}>/g, ' ')
    .replace(/!\[[^\]\n]{0,300}\]\([^)\n]{0,1000}\)/g, ' ')
    .replace(/\[([^\]\n]{0,300})\]\([^)\n]{0,1000}\)/g, '$1')
    .replace(/https?:\/\/\S+/g, ' ')
    .replace(/[`*_|]/g, '');
}

/** The first heading, or the first line with words. */
export function titleOf(markdown: string): string | undefined {
  const lines = plainText(markdown)
    .split('\n')
    .map((line) => line.trim());
  const heading = lines.find((line) => /^#+\s*\p{L}/u.test(line));
  return (heading ?? lines.find((line) => /\p{L}/u.test(line)))?.replace(/^#+\s*/, '').slice(0, 120);
}

/** The first sentence that is no heading. */
export function teaserOf(markdown: string): string {
  const lines = plainText(markdown).split('\n');
  const line = lines.map((each) => each.trim()).find((each) => /^\p{L}/u.test(each) && each.split(' ').length > 4);
  return (line ?? '').slice(0, 240);
}

/** The addresses that it links to, each once. */
export function linksOf(markdown: string): string[] {
  const links = [...markdown.matchAll(LINK)].map((match) => match[1] ?? match[2] ?? '');
  return [...new Set(links)];
}
