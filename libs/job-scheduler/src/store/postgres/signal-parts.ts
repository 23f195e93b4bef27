/** Of a notification's 8,000 bytes: a character may take three of them, and the number before it some. */
const LONGEST_PART = 2_500;

const PART = /^\w+\.(\d+):/;

/** The first half of a character that is two code units long. */
const HALF = /[\ud800-\udbff]$/;

/**
 * A message as one or more notifications: `<number>.<parts that follow>:<text>`. As JSON, since the server takes no NUL.
 * @param number tells messages of one sender apart.
 */
export function splitSignal(message: string, number: number): string[] {
  const text = JSON.stringify(message);
  const parts: string[] = [];
  for (let rest = text; rest !== '';) {
    let part = rest.slice(0, LONGEST_PART);
    if (HALF.test(part)) part = part.slice(0, -1);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts.map((part, index) => `${number.toString(36)}.${parts.length - 1 - index}:${part}`);
}

/** Puts messages together again. Parts of one message follow each other on their channel, since a transaction sent them. */
export class SignalParts {
  private readonly begun = new Map<string, string>();

  /** The message, with its last part. What others sent on this channel is dropped. */
  add(channel: string, payload: string): string | undefined {
    const head = PART.exec(payload);
    if (!head) return undefined;
    const text = (this.begun.get(channel) ?? '') + payload.slice(head[0].length);
    if (head[1] !== '0') {
      this.begun.set(channel, text);
      return undefined;
    }
    this.begun.delete(channel);
    try {
      return JSON.parse(text) as string;
    } catch {
      return undefined;
    }
  }

  /** What was begun on a channel does not go on, since it has no listener now; without one: on all, since the connection broke. */
  drop(channel?: string): void {
    if (channel !== undefined) this.begun.delete(channel);
    else this.begun.clear();
  }
}
