import { describe, expect, it } from '@jest/globals';
import { linksOf, plainText, teaserOf, titleOf } from './markdown.js';

const README = `<p align="center"><a href="https://example.org/logo">![Logo](https://example.org/logo.png)</a></p>

# *pino* [![npm](https://img.example.org/v)](https://npm.example.org)

A very low overhead logger for [Node.js](https://nodejs.org).

\`\`\`js
const hidden = 'https://not.a.link';
\`\`\`

See [Node.js](https://nodejs.org) again.
`;

describe('Markdown', () => {
  it('finds the title and the first sentence', () => {
    expect(titleOf(README)).toMatch(/^pino/);
    expect(teaserOf(README)).toBe('A very low overhead logger for Node.js.');
    expect(titleOf('')).toBeUndefined();
  });

  it('reads text without code, tags and addresses', () => {
    const text = plainText(README);
    expect(text).toContain('A very low overhead logger for Node.js.');
    expect(text).not.toMatch(/hidden|https|align|Logo/);
  });

  it('lists each link once', () => {
    expect(linksOf(README)).toEqual([
      'https://example.org/logo',
      'https://example.org/logo.png',
      'https://img.example.org/v',
      'https://npm.example.org',
      'https://nodejs.org',
    ]);
  });
});
