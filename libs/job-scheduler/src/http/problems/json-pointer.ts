/** A JSON Pointer (RFC 6901) as the fragment of a URI: `#/invokeParams/items/0`. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const tokens = path.map((name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1'));
  return `#${tokens.map((token) => `/${encodeURIComponent(token.replace(/\p{Surrogate}/gu, '\ufffd'))}`).join('')}`;
}
