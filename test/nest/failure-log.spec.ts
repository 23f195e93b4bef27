import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  ConsoleLogger,
  type INestApplicationContext,
  Injectable,
  Logger,
  type LoggerService,
  Module,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger as NestPinoLogger, PinoLogger } from 'nestjs-pino';
import { Writable } from 'node:stream';
import {
  Job,
  JobHistory,
  JobLogger,
  JobSchedulerModule,
  type JobSchedulerOptions,
  JobService,
} from 'nestjs-job-scheduler';

let lines: string[] = [];

/** Nest's logger, whose lines come here. */
class Captured extends ConsoleLogger {
  protected override printMessages(...args: never[]): void {
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text: string) => lines.push(text) > 0;
    try {
      (super.printMessages as (...args: never[]) => void)(...args);
    } finally {
      process.stderr.write = write;
    }
  }
  protected override printStackTrace(stack: string): void {
    if (stack) lines.push(stack);
  }
}

function pino(): LoggerService {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return new NestPinoLogger(new PinoLogger({ pinoHttp: { stream } }), {});
}

let app: INestApplicationContext | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
  lines = [];
  Logger.overrideLogger(false);
});

@Injectable()
class Mailer {
  @Job({ name: 'send', retry: 0 }) send() {
    throw new BadRequestException(['to must be an email', 'day must be a date']);
  }
}

async function fail(logger: LoggerService, options: JobSchedulerOptions = {}) {
  @Module({ imports: [JobSchedulerModule.forRoot(options)], providers: [Mailer] })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger, abortOnError: false });
  const handle = await app.get(JobService).enqueue('send', undefined, { id: 'mail-7' });
  const error = await handle.finished().catch((thrown: unknown) => thrown as Error);
  return { error: error as Error, record: await app.get(JobHistory).getExecution('mail-7') };
}

const DETAILS = 'Bad Request Exception: to must be an email; day must be a date';
const TEXT = `Job "send" (mail-7) failed for good: ${DETAILS}`;
const said = () => lines.filter((line) => line.includes('failed for good'));

describe.each<[string, () => LoggerService, (lines: string) => unknown]>([
  ['Nest’s logger', () => new Captured(), (text) => text],
  [
    'Nest’s JSON logger',
    () => new Captured({ json: true, colors: false }),
    (text) => (JSON.parse(text) as { message: string }).message,
  ],
  ['nestjs-pino', pino, (text) => (JSON.parse(text) as { msg?: string; err?: { message: string } }).err?.message],
  [
    'a JobLogger around nestjs-pino',
    () => new JobLogger(pino()),
    (text) => (JSON.parse(text) as { err?: { message: string } }).err?.message,
  ],
])('a job that fails for good, in %s', (_name, make, textOf) => {
  it('is told once, with job, id, details and stack, as are record and error', async () => {
    const { error, record } = await fail(make());
    expect(error.message).toContain(DETAILS);
    expect(record?.error?.message).toBe(DETAILS);
    expect(said()).toHaveLength(1);
    expect(textOf(said()[0]!)).toContain(TEXT);
    expect(lines.join('')).toMatch(/failure-log\.spec\.ts/);
  });

  it('is told without its stack where that is not wanted', async () => {
    await fail(make(), { logStacks: false });
    expect(said()).toHaveLength(1);
    expect(said()[0]).toContain('(mail-7) failed for good');
    expect(lines.join('')).not.toMatch(/failure-log\.spec\.ts/);
  });
});
