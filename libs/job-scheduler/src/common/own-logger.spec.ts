import { ConsoleLogger, Logger } from '@nestjs/common';
import { afterEach, expect, jest, test } from '@jest/globals';
import { OwnLogger } from './own-logger.js';

const written: string[] = [];

class Kept extends ConsoleLogger {
  protected override printMessages(messages: unknown[]): void {
    written.push(...messages.map((message) => this.stringifyMessage(message, 'log')));
  }
  protected override printStackTrace(stack?: string): void {
    written.push(stack ?? '');
  }
}

afterEach(() => {
  written.length = 0;
  Logger.overrideLogger(false);
});

const EVIL = 'a\nb\r\n[Nest] 1 LOG [Faked]\tx \u001b[31mred\u001b[0m \u0085\u2028\u202e\u0000\u007f';
const SHOWN = 'a\\nb\\r\\n[Nest] 1 LOG [Faked]\\tx \\x1b[31mred\\x1b[0m \\x85\\u2028\\u202e\\x00\\x7f';

test.each(['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const)(
  'what %s writes is one line without codes',
  (level) => {
    Logger.overrideLogger(new Kept({ colors: false }));
    const logger = new OwnLogger();
    logger[level](`Job "${EVIL}" failed`, { id: EVIL });
    expect(written[0]).toBe(`Job "${SHOWN}" failed`);
    for (const text of written) expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Control}\u2028]/u);
    expect(written.join('')).not.toMatch(/^\[Nest\]/m);
  },
);

test('a stack keeps its frames, and a line of its message cannot be taken for an event', () => {
  Logger.overrideLogger(new Kept({ colors: false }));
  const { stack } = new Error('a\n[Nest] 1 LOG faked \u001b[31m');
  new OwnLogger().error('It threw', stack);
  expect(written[0]).toBe('It threw');
  expect(written[1]).toMatch(/^Error: a\n {4}\[Nest\] 1 LOG faked \\x1b\[31m\n {4}at /);
});

test('no secret of a connection is written, in a message or a stack', () => {
  Logger.overrideLogger(new Kept({ colors: false }));
  new OwnLogger().error('Lost redis://jobs:pl4nted@h', new Error('at redis://:pl4"nted@h').stack);
  expect(written).toHaveLength(2);
  expect(written.join('')).toContain('redis://…');
  expect(written.join('')).not.toMatch(/pl4|nted/);
});

test('a logger that throws fails no call, and is told of once', () => {
  const fails = () => {
    throw new Error('the disk is full');
  };
  const told = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  Logger.overrideLogger({ log: fails, warn: fails, error: fails, debug: fails, verbose: fails, fatal: fails });
  const logger = new OwnLogger();
  for (const level of ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const)
    expect(() => logger[level]('text')).not.toThrow();
  expect(() => logger.failure('text', {}, 'stack')).not.toThrow();
  expect(told.mock.calls.map(([text]) => text)).toEqual(["The app's logger threw: the disk is full"]);
  told.mockRestore();
});
