import { describe, expect, it } from '@jest/globals';
import { readGivenBack, withGivenBack, type GivenBack } from '../../store/codecs/given-back.js';
import { requeueUnknown } from './requeue-unknown.js';

/** How a job fares that comes back `late` milliseconds after its time. */
function fare(takes: number, late = 5): { delays: number[]; pauses: number[] } {
  const given: { delays: number[]; pauses: number[] } = { delays: [], pauses: [] };
  let note: GivenBack | undefined;
  let now = 1_000_000;
  for (let take = 0; take < takes; take++) {
    const back = requeueUnknown(note, now);
    given.delays.push(back.delay);
    given.pauses.push(back.pause);
    note = back.note;
    now += back.delay + late;
  }
  return given;
}

describe('a job that a process does not know', () => {
  it('goes quickly from process to process, then rests, ever longer', () => {
    const { delays, pauses } = fare(200);
    const rests = delays.filter((delay) => delay > 10);
    expect(rests).toEqual([250, 500, 1_000, 2_000, 4_000, ...rests.slice(5).map(() => 5_000)]);
    const firstRest = delays.indexOf(250);
    expect(delays.slice(0, firstRest)).toEqual(Array.from({ length: firstRest }, () => 10));
    expect(firstRest).toBe(17);
    // A process that lets it rest goes on with its own work.
    expect(pauses).toEqual(delays.map((delay) => (delay === 10 ? 100 : 0)));
  });

  it('counts how often it was given back', () => {
    const first = requeueUnknown(undefined, 5);
    expect(first.note).toEqual({ times: 1, rests: 0, since: 5, from: 0 });
    expect(requeueUnknown(first.note, 20).note).toEqual({ times: 2, rests: 0, since: 5, from: 0 });
  });

  it('goes through as many hands however slow they are', () => {
    const { delays } = fare(100, 1_000);
    expect([delays.indexOf(250), delays.indexOf(500)]).toEqual([16, 33]);
  });

  it('rests all the same when a clock that is an hour ahead has given it back', () => {
    expect(requeueUnknown({ times: 1, rests: 0, since: 3_600_000, from: 0 }, 0)).toMatchObject({
      delay: 250,
      note: { since: 250 },
    });
  });
});

describe('the note of it', () => {
  const note: GivenBack = { times: 12, rests: 3, since: 1_764_000_000_000, from: 4 };

  it('stands among the stacks of a job, once, and the others stay', () => {
    const before = JSON.stringify(['Error: one', 'Error: two']);
    const first = withGivenBack(before, { ...note, times: 11 });
    const stacks = withGivenBack(first, note);
    expect(readGivenBack(stacks)).toEqual(note);
    expect(JSON.parse(stacks)).toEqual([expect.stringContaining('12 times'), 'Error: one', 'Error: two']);
    expect(readGivenBack(withGivenBack(undefined, note))).toEqual(note);
  });

  it.each([undefined, '', '[]', 'no JSON', '{}', '["Error: JOB_UNKNOWN"]', '[1, null]'])(
    'is not read out of %j',
    (stacks) => {
      expect(readGivenBack(stacks)).toBeUndefined();
      expect(readGivenBack(withGivenBack(stacks, note))).toEqual(note);
    },
  );
});
