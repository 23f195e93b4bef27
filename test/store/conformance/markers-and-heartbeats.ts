import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/until.js';
import { ODD } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describeMarkersAndHeartbeats(subject: Subject): void {
  describe('markers', () => {
    test('the first value stays', async () => {
      const key = subject.newId();
      expect(await subject.store.markers.get(key)).toBeUndefined();
      expect(await subject.store.markers.keep(key, 'one')).toBe('one');
      expect(await subject.store.markers.keep(key, 'two')).toBe('one');
      expect(await subject.store.markers.get(key)).toBe('one');
    });

    test('of many at once one wins, and all are told', async () => {
      const key = subject.newId();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, side) => subject.store.markers.keep(key, `value of ${side}`)),
      );
      expect(new Set(answers).size).toBe(1);
      expect(await subject.store.markers.get(key)).toBe(answers[0]);
    });

    test.each(ODD)('odd text %j survives', async (odd) => {
      const key = `${subject.newId()}${odd}`;
      await subject.store.markers.keep(key, odd);
      expect(await subject.store.markers.get(key)).toBe(odd);
    });
  });

  describe('heartbeats', () => {
    test('a worker is there until it leaves', async () => {
      await subject.store.heartbeats.beat('host:1', 60_000);
      await subject.store.heartbeats.beat('host:2', 60_000);
      await subject.store.heartbeats.beat('host:1', 60_000);
      expect((await subject.store.heartbeats.alive()).toSorted()).toEqual(['host:1', 'host:2']);
      await subject.store.heartbeats.leave('host:1');
      await subject.store.heartbeats.leave('never');
      expect(await subject.store.heartbeats.alive()).toEqual(['host:2']);
      await subject.store.heartbeats.leave('host:2');
    });

    test('or until its time runs out', async () => {
      await subject.store.heartbeats.beat('brief', 150);
      expect(await subject.store.heartbeats.alive()).toEqual(['brief']);
      await until('it is gone', async () => (await subject.store.heartbeats.alive()).length === 0);
    });
  });
}
