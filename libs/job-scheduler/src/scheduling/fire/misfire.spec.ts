import { describe, expect, it } from '@jest/globals';
import { judgeFires, type MisfirePolicy } from './misfire.js';

const policy = (misfire: MisfirePolicy['misfire'], maxCatchUp = 100): MisfirePolicy => ({
  misfire,
  misfireThreshold: 60,
  maxCatchUp,
});
const ran = (at: number) => ({ at, missed: false });
const caughtUp = (at: number) => ({ at, missed: true });

describe('three missed fires', () => {
  const fires = [100, 200, 300];

  it('skip: none runs', () => {
    expect(judgeFires(fires, 1_000, policy('skip'))).toEqual({ runs: [], skipped: fires, omitted: 0 });
  });
  it('once: the last runs', () => {
    expect(judgeFires(fires, 1_000, policy('once'))).toEqual({
      runs: [caughtUp(300)],
      skipped: [100, 200],
      omitted: 0,
    });
  });
  it('all: each runs, in order', () => {
    expect(judgeFires(fires, 1_000, policy('all'))).toEqual({ runs: fires.map(caughtUp), skipped: [], omitted: 0 });
  });
  it('all: at most the newest, and the others are told, at most as many', () => {
    expect(judgeFires([1, 2, 3, 4, 5], 1_000, policy('all', 2))).toEqual({
      runs: [caughtUp(4), caughtUp(5)],
      skipped: [2, 3],
      omitted: 1,
    });
  });
  it('skip: at most so many are told', () => {
    expect(judgeFires(fires, 1_000, policy('skip', 2))).toEqual({ runs: [], skipped: [200, 300], omitted: 1 });
  });
});

it('late by no more than the threshold is an ordinary run, after those that catch up', () => {
  expect(judgeFires([100, 200, 300], 261, policy('once'))).toEqual({
    runs: [caughtUp(200), ran(300)],
    skipped: [100],
    omitted: 0,
  });
  expect(judgeFires([200], 260, policy('skip'))).toEqual({ runs: [ran(200)], skipped: [], omitted: 0 });
  expect(judgeFires([200], 199, policy('skip'))).toEqual({ runs: [ran(200)], skipped: [], omitted: 0 });
});
