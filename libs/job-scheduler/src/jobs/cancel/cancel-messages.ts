/** An execution is to be cancelled. */
export interface CancelOrder {
  readonly id: string;
  /** Stands in its record, and is the reason of its signal. */
  readonly reason: string;
  /** Who wants it: the worker id of a process. Stands in its record. */
  readonly by: string;
  /**
   * A handler that ignores its signal is given up after this many milliseconds: its attempt ends, and its slot is free.
   * Undefined: at its deadline.
   */
  readonly giveUpAfter?: number;
}

/** An order as it is sent: `ask` comes back in the answer, to `from`. */
export interface SentOrder extends CancelOrder {
  readonly ask: string;
  readonly from: string;
}

/** Undefined: another version's, or rubbish. */
export function readOrder(message: string): SentOrder | undefined {
  const order: Partial<Record<keyof SentOrder, unknown>> = readObject(message) ?? {};
  const texts = [order.id, order.reason, order.by, order.ask, order.from];
  return texts.every((text) => typeof text === 'string') ? (order as unknown as SentOrder) : undefined;
}

/** The `ask` of an answer. */
export function readAnswer(message: string): string | undefined {
  const { ask } = (readObject(message) ?? {}) as { ask?: unknown };
  return typeof ask === 'string' ? ask : undefined;
}

function readObject(message: string): object | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
