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

const STEP = /\.?([\p{L}_$][\p{L}\p{N}_$-]*)|\[(?:(\d+)|("(?:[^"\\]|\\.)*"))\]/uy;

/** The keys of a path as `pathText` writes it, as far as they can be told. */
export function readPathText(text: string): (string | number)[] {
  const keys: (string | number)[] = [];
  STEP.lastIndex = 0;
  for (let step = STEP.exec(text); step; step = STEP.exec(text)) {
    const [, name, index, quoted] = step;
    keys.push(name ?? (index === undefined ? (JSON.parse(quoted!) as string) : Number(index)));
  }
  return keys;
}
