import { describe, expect, it } from '@jest/globals';
import { busyShares } from './busy-shares.js';
import type { Sample } from './queue-sampler.js';

function sample(at: number, pending: Record<string, number>): Sample {
  const counts = { active: 0, delayed: 0, completed: 0, failed: 0 };
  const queues = Object.entries(pending).map(([name, waiting]) => ({
    name,
    weight: name === 'heavy' ? 3 : 1,
    max: 10,
    paused: false,
    counts: { ...counts, pending: waiting },
    deadLetters: 0,
    oldestWaitingMs: undefined,
  }));
  return { at, queues };
}

const starts = (queue: string, ...times: number[]) => times.map((startedAt) => ({ queue, startedAt }));

describe('busyShares', () => {
  const samples = [
    sample(0, { heavy: 9, light: 0 }),
    sample(100, { heavy: 9, light: 5 }),
    sample(200, { heavy: 6, light: 4 }),
    sample(300, { heavy: 3, light: 3 }),
    sample(400, { heavy: 0, light: 2 }),
  ];

  it('counts starts between samples that found jobs waiting everywhere, and no others', () => {
    const runs = [...starts('heavy', 50, 100, 150, 250, 350), ...starts('light', 199, 300, 399)];
    expect(busyShares(samples, runs)).toEqual({
      seconds: 0.2,
      starts: 4,
      queues: [
        { queue: 'heavy', weight: 3, starts: 3, share: 0.75, fairShare: 0.75 },
        { queue: 'light', weight: 1, starts: 1, share: 0.25, fairShare: 0.25 },
      ],
    });
  });

  it('claims nothing when the queues were never busy at the same time', () => {
    const { seconds, starts: counted, queues } = busyShares([samples[0] as Sample], starts('heavy', 1));
    expect({ seconds, counted, shares: queues.map(({ share }) => share) }).toEqual({
      seconds: 0,
      counted: 0,
      shares: [0, 0],
    });
  });
});
