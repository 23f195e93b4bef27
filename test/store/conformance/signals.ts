import { describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { until } from '../../support/until.js';
import { ODD } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describeSignals(subject: Subject): void {
  /** Listens to a topic, and keeps what it hears. */
  const listen = async (topic: string, heard: string[] = []) => {
    const stop = await subject.store.signals.subscribe(topic, (message) => void heard.push(message));
    return { heard, stop };
  };

  describe('signals', () => {
    test('each listener of a topic hears its messages in order, the sender’s own included', async () => {
      const topic = subject.newId();
      const [first, second, other] = await Promise.all([listen(topic), listen(topic), listen(subject.newId())]);
      const messages = Array.from({ length: 50 }, (_, index) => `message ${index}`);
      for (const message of messages) await subject.store.signals.publish(topic, message);
      await until('all is heard', () => first.heard.length >= 50 && second.heard.length >= 50);
      expect([first.heard, second.heard, other.heard]).toEqual([messages, messages, []]);
      await Promise.all([first.stop(), second.stop(), other.stop()]);
    });

    test('messages sent at once all come, those of one text too', async () => {
      const topic = subject.newId();
      const { heard, stop } = await listen(topic);
      await Promise.all(Array.from({ length: 40 }, () => subject.store.signals.publish(topic, 'same')));
      await until('all is heard', () => heard.length >= 40);
      expect(heard).toEqual(Array.from({ length: 40 }, () => 'same'));
      await stop();
    });

    test('a message of any length comes whole and once', async () => {
      const topic = subject.newId();
      const { heard, stop } = await listen(topic);
      const long = [
        '',
        'x'.repeat(7_999),
        'é😀漢'.repeat(20_000),
        JSON.stringify({ quote: '"\\\n'.repeat(5_000) }),
        'end',
      ];
      await Promise.all(long.slice(0, -1).map((message) => subject.store.signals.publish(topic, message)));
      await subject.store.signals.publish(topic, 'end');
      await until('the last one is heard', () => heard.includes('end'));
      expect(heard.toSorted()).toEqual(long.toSorted());
      await stop();
    });

    test.each(ODD)('odd text %j survives, as topic and as message', async (odd) => {
      const topic = `${subject.newId()}${odd}`;
      const { heard, stop } = await listen(topic);
      await subject.store.signals.publish(topic, odd);
      await until('it is heard', () => heard.length > 0);
      expect(heard).toEqual([odd]);
      await stop();
    });

    test('who has stopped hears nothing more, and the others go on', async () => {
      const topic = subject.newId();
      const [leaving, staying] = await Promise.all([listen(topic), listen(topic)]);
      await leaving.stop();
      await leaving.stop();
      await subject.store.signals.publish(topic, 'one');
      await until('it is heard', () => staying.heard.length > 0);
      await staying.stop();
      await subject.store.signals.publish(topic, 'two');
      const again = await listen(topic);
      await subject.store.signals.publish(topic, 'three');
      await until('it is heard', () => again.heard.length > 0);
      expect([leaving.heard, staying.heard, again.heard]).toEqual([[], ['one'], ['three']]);
      await again.stop();
    });

    test('who comes while the last one goes is heard', async () => {
      const topic = subject.newId();
      for (let round = 0; round < 5; round++) {
        const going = await listen(topic);
        const [{ heard, stop }] = await Promise.all([listen(topic), going.stop()]);
        await subject.store.signals.publish(topic, 'hello');
        await until('it is heard', () => heard.length > 0);
        expect(heard).toEqual(['hello']);
        await stop();
      }
    });

    test('a listener that throws is logged, and the others still hear', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const topic = subject.newId();
      const stopBad = await subject.store.signals.subscribe(topic, () => {
        throw new Error('a bad listener');
      });
      const good = await listen(topic);
      await subject.store.signals.publish(topic, 'one');
      await subject.store.signals.publish(topic, 'two');
      await until('both are heard', () => good.heard.length === 2);
      expect(String(error.mock.calls.flat())).toContain('a bad listener');
      error.mockRestore();
      await Promise.all([stopBad(), good.stop()]);
    });
  });
}
