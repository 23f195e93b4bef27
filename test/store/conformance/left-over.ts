import { describe, expect, test } from '@jest/globals';
import { ended, retried } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describeLeftOver(subject: Subject): void {
  describe('executions that are left over', () => {
    test('one that goes on is forgotten by its fence, with its steps, and can begin again', async () => {
      const { executions } = subject.store;
      const id = subject.newId();
      await executions.recordStep(id, 'report', 'default', 3, { name: 'one', startedAt: 1, finishedAt: 2 });
      await executions.write([retried(id, 4)]);
      expect(await executions.forget(id, 3)).toBe(false);
      expect((await executions.load(id))?.steps).toHaveLength(1);
      expect(await executions.forget(id, 4)).toBe(true);
      expect(await executions.load(id)).toBeUndefined();
      expect(await executions.forget(id, 4)).toBe(false);
      expect(await executions.write([retried(id, 1)])).toEqual([true]);
      expect(await executions.load(id)).toMatchObject({ fence: 1, steps: [] });
    });

    test('one that has ended is not forgotten', async () => {
      const { executions } = subject.store;
      for (const final of ['completed', 'failed'] as const) {
        const id = subject.newId();
        await executions.write([ended(id, { final })]);
        expect(await executions.forget(id, 1)).toBe(false);
        expect((await executions.load(id))?.final).toBe(final);
      }
    });
  });
}
