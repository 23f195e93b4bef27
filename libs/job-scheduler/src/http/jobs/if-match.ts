import { RequestInvalidError } from '../../errors/request-errors.js';

const TAGS = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*$/;
const STRONG_VERSION = /^"([1-9]\d{0,14})"$/;
const LONGEST = 1_024;

/** A strong validator: the record of a version never changes. */
export const etagOf = (version: number) => `"${version}"`;

/**
 * Which versions `If-Match` allows (RFC 9110, 13.1.1); undefined: whichever, because of `*` or since there is none.
 * Weak tags and those of others match nothing.
 * @throws RequestInvalidError
 */
export function allowedVersions(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined) return undefined;
  const text = ifMatch.trim();
  if (text === '*') return undefined;
  if (text.length > LONGEST || !TAGS.test(text))
    throw new RequestInvalidError([
      { in: 'header', path: ['If-Match'], message: 'Invalid header: expected the ETag of the job, such as "3", or *' },
    ]);
  return text.split(',').flatMap((tag) => {
    const version = STRONG_VERSION.exec(tag.trim())?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}
