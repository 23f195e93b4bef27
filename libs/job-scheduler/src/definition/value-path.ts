const PLAIN_NAME = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** The longest path that messages hold. */
const LIMIT = 200;

/** `['items', 2, 'when']` as `items[2].when`; empty for the value itself. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (typeof key === 'symbol') text += `[${String(key)}]`;
    else if (PLAIN_NAME.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
    if (text.length > LIMIT) return `${text.slice(0, LIMIT - 1)}…`;
  }
  return text;
}
