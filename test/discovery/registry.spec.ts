/** How a job is found by what code calls it. */
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { JobContext } from '#src/definition/job-context.js';
import { defineJob } from '#src/definition/define-job.js';
import type { JobOptions } from '#src/definition/job-options.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { attempt } from './support.js';
import { startUndiscovered, discover, A, started as running } from './discovery-kit.js';

describe('the registry', () => {
  class Mail {
    to!: string;
  }

  it('resolves names, classes, contracts and methods', async () => {
    const contract = defineJob<Mail>('a');
    @Injectable()
    class Mailer {
      @Job() send() {}
    }
    const registry = await discover({ providers: [A, Mailer] });
    const a = registry.find('a')!;
    expect([
      registry.require('a'),
      registry.require(A),
      registry.require(contract),
      registry.require([A, 'run']),
    ]).toEqual([a, a, a, a]);
    expect(registry.require([Mailer, 'send']).definition.name).toBe('Mailer.send');
    expect(registry.find('b')).toBeUndefined();
    expect(registry.names()).toEqual(['a', 'Mailer.send']);
  });

  it('says what is meant instead', async () => {
    @Injectable()
    class Mailer {
      @Job() sendWelcome() {}
      @Job() sendBye() {}
      helper() {}
    }
    @Job()
    class Steps {
      @JobStep() one() {}
    }
    class Plain {}
    @Job()
    class Elsewhere {
      run() {}
    }
    const registry = await discover({ providers: [Mailer, Steps] });
    const messages: [unknown, string][] = [
      ['Stepss', 'No job "Stepss" is registered. Did you mean "Steps"?'],
      [
        Mailer,
        "The class Mailer is no job; its methods are. Name one of them: [Mailer, 'sendWelcome'], [Mailer, 'sendBye'].",
      ],
      [
        [Mailer, 'sendWelcom'],
        'Mailer.sendWelcom is no job. Did you mean "sendWelcome"? Jobs of Mailer: sendWelcome, sendBye.',
      ],
      [[Steps, 'one'], 'Steps.one is no job; the class is: give Steps, without a method.'],
      [Plain, 'The class Plain is no job: it has no @Job().'],
      [[Plain, 'x'], 'The class Plain is no job: it has no @Job().'],
      [Elsewhere, 'The class Elsewhere declares a job, but no module of this app provides it.'],
      [defineJob('nowhere'), 'No job "nowhere" is registered.'],
      [undefined, 'undefined is no job: give its name, its class'],
      [{ name: 'x' }, 'is no job: give its name, its class'],
    ];
    for (const [ref, message] of messages) {
      expect(() => registry.require(ref as never)).toThrow(
        expect.objectContaining({ code: 'JOB_UNKNOWN', message: expect.stringContaining(message) }),
      );
    }
  });

  it('registers functions before and after bootstrap', async () => {
    const started = await startUndiscovered({ providers: [A] }, { jobs: { early: { queue: 'low' } } });
    const { registry, registrar } = started;
    registrar.register({ name: 'early', onFail: 'late', timeout: '1s' }, (payload: number, ctx: JobContext) => [
      payload,
      ctx.job,
    ]);
    registrar.register({ name: 'late' }, () => undefined);
    await started.discover();
    const early = registry.require('early');
    expect(early.definition).toMatchObject({ queue: 'low', timeout: 1000, source: 'register("early")', steps: [] });
    expect(early.provider).toBeUndefined();
    expect(await attempt(early, 4)).toEqual([4, 'test']);
    const { job, checked } = registrar.register({ name: 'after', onFail: A }, () => 1);
    await checked;
    expect(registry.require('after')).toBe(job);
    expect(registry.names()).toEqual(['early', 'late', 'a', 'after']);
  });

  it('refuses wrong registrations, and adds nothing then', async () => {
    const registry = await discover({ providers: [A] });
    const wrong: [JobOptions & { name: string }, unknown, string][] = [
      [{ name: 'a' }, () => 1, 'register("a"): name: Job "a" is declared by A too.'],
      [{ name: 'x', queue: 'lo' }, () => 1, 'register("x"): queue: Queue "lo" is not configured.'],
      [{ name: 'x', onFail: 'y' }, () => 1, 'register("x"): onFail: No job "y" is registered.'],
      [{ name: 'x', onFail: 'x' }, () => 1, 'leads back to the job itself'],
      [{ name: 'x' }, undefined, 'handler: undefined is not a function'],
      [{} as never, () => 1, `"" is not a job's name`],
    ];
    for (const [options, handler, message] of wrong) {
      expect(() => running!.registrar.register(options, handler as never)).toThrow(
        expect.objectContaining({ code: 'JOB_DEFINITION_INVALID', message: expect.stringContaining(message) }),
      );
    }
    expect(registry.names()).toEqual(['a']);
  });

  it('reports payloads of registered schedules at boot, and later to who asks', async () => {
    const schedule = { every: '1m', payload: { day: 1 } } as const;
    const schema = z.object({ day: z.string() });
    const started = await startUndiscovered({});
    started.registrar.register({ name: 'early', schedule, schema }, () => 1);
    await expect(started.discover()).rejects.toThrow('register("early"): schedule: The schema refuses');
    await started.app.close();
    await discover({});
    const { checked } = running!.registrar.register({ name: 'late', schedule, schema }, () => 1);
    await expect(checked).rejects.toThrow('register("late"): schedule: The schema refuses');
  });
});
