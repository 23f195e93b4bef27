/** Similar texts have similar hashes: https://en.wikipedia.org/wiki/SimHash. 64 bits, as two halves. */
export type Simhash = readonly [high: number, low: number];

const SHINGLE = 3;

export function simhash(words: readonly string[]): Simhash {
  const votes = new Int32Array(64);
  for (let at = 0; at < Math.max(1, words.length - SHINGLE + 1); at++) {
    const shingle = words.slice(at, at + SHINGLE).join(' ');
    const halves = [fnv1a(shingle, 0x811c9dc5), fnv1a(shingle, 0x01000193)];
    for (let bit = 0; bit < 64; bit++) {
      const hash = halves[bit >> 5] ?? 0;
      votes[bit] = (votes[bit] ?? 0) + ((hash >>> (bit & 31)) & 1 ? 1 : -1);
    }
  }
  return [half(votes.subarray(0, 32)), half(votes.subarray(32))];
}

/** In how many of the 64 bits they differ. Up to 3: the same text, but for some words. */
export function distance(a: Simhash, b: Simhash): number {
  return bitsIn(a[0] ^ b[0]) + bitsIn(a[1] ^ b[1]);
}

function half(votes: Int32Array): number {
  return votes.reduce((bits, vote, bit) => (vote > 0 ? bits | (1 << bit) : bits), 0) >>> 0;
}

function fnv1a(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // FNV's high bits mix badly for short texts.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function bitsIn(number: number): number {
  let bits = 0;
  for (let rest = number >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) bits++;
  return bits;
}
