import type { Sample } from './queue-sampler.js';

export interface QueueShare {
  readonly queue: string;
  readonly weight: number;
  readonly starts: number;
  /** Of all starts while all queues were busy. 0 to 1. */
  readonly share: number;
  /** What its weight promises. */
  readonly fairShare: number;
}

export interface BusyShares {
  /** How long all queues had jobs waiting. */
  readonly seconds: number;
  readonly starts: number;
  readonly queues: readonly QueueShare[];
}

/**
 * How the starts were shared out while all queues were busy: between two samples in a row that both found jobs waiting
 * in every queue. At other times a queue's idle share goes to the others.
 */
export function busyShares(
  samples: readonly Sample[],
  starts: readonly { readonly queue: string; readonly startedAt: number }[],
): BusyShares {
  const weights = new Map(samples[0]?.queues.map(({ name, weight }) => [name, weight]));
  const counts = new Map([...weights.keys()].map((queue) => [queue, 0]));
  let busy = 0;
  for (const [index, { at }] of samples.entries()) {
    const before = samples[index - 1];
    if (!before || !isFull(before) || !isFull(samples[index] as Sample)) continue;
    busy += at - before.at;
    for (const { queue, startedAt } of starts) {
      if (startedAt >= before.at && startedAt < at) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    }
  }
  const total = sum(counts.values());
  const totalWeight = sum(weights.values());
  const queues = [...weights].map(([queue, weight]): QueueShare => {
    const own = counts.get(queue) ?? 0;
    return { queue, weight, starts: own, share: total === 0 ? 0 : own / total, fairShare: weight / totalWeight };
  });
  return { seconds: busy / 1000, starts: total, queues };
}

function isFull({ queues }: Sample): boolean {
  return queues.every(({ counts }) => counts.pending > 0);
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}
