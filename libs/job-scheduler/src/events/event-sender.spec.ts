import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { JobEvent } from '../definition/job-event.js';
import { EventSender } from './event-sender.js';
import { readMessage } from './event-wire.js';

const at = new Date(0);
const event = (n: number): JobEvent => ({ type: 'stalled', at, id: String(n), job: 'a', queue: 'b', workerId: 'c' });
const events = (from: number, to: number) => Array.from({ length: to - from }, (_each, n) => event(from + n));
const idsOf = (message: string) => readMessage(message).map(({ id }) => Number(id));

/** A store that answers when it is told to. */
function slowStore() {
  const messages: string[] = [];
  const warnings: string[] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const logger = new Logger();
  logger.warn = (message: string) => void warnings.push(message);
  const publish = (message: string) =>
    new Promise<void>((resolve, reject) => {
      messages.push(message);
      answers.push({ resolve, reject });
    });
  return { messages, warnings, answers, sender: new EventSender(publish, logger) };
}

describe('sending events', () => {
  it('one message at a time, with all that came meanwhile in the next', async () => {
    const { messages, answers, sender } = slowStore();
    sender.send([event(1)]);
    sender.send([event(2)]);
    sender.send([event(3), event(4)]);
    expect(messages.map(idsOf)).toEqual([[1]]);
    answers.shift()!.resolve();
    const idle = sender.whenIdle();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages.map(idsOf)).toEqual([[1], [2, 3, 4]]);
    answers.shift()!.resolve();
    await idle;
  });

  it('what a store that is away does not take is dropped, told once, and what comes later is sent', async () => {
    const { messages, warnings, answers, sender } = slowStore();
    for (let n = 0; n < 3; n++) {
      sender.send([event(n)]);
      answers.shift()!.reject(new Error('away'));
      await sender.whenIdle();
    }
    expect(warnings).toHaveLength(1);
    sender.send([event(7)]);
    answers.shift()!.resolve();
    await sender.whenIdle();
    expect(idsOf(messages.at(-1)!)).toEqual([7]);
  });

  it('keeps the newest of more than ten thousand that wait', async () => {
    const { messages, warnings, answers, sender } = slowStore();
    sender.send([event(0)]);
    sender.send(events(1, 12_001));
    expect(warnings).toHaveLength(1);
    for (let sent = -1; messages.length > sent;) {
      sent = messages.length;
      answers.shift()!.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sender.whenIdle();
    expect(messages.flatMap(idsOf)).toEqual([0, ...events(2_001, 12_001).map(({ id }) => Number(id))]);
  });
});
