import { type CanActivate, Controller, Injectable, Scope, UseGuards } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Job } from '#src/decorators/job.decorator.js';
import { OnJobEvent } from '#src/decorators/on-job-event.decorator.js';
import type { JobEventType } from '#src/definition/job-event.js';
import { faultsOf, startApp, type DiscoveredApp } from './support.js';

let started: DiscoveredApp | undefined;
afterEach(async () => {
  await started?.app.close();
  started = undefined;
});

async function listenersOf(...args: Parameters<typeof startApp>) {
  started = await startApp(...args);
  await started.discover();
  return started.discovery.listeners.map(({ at, types, job }) => ({ at, types: [...types], job }));
}

@Job({ name: 'report' })
class Report {
  run() {}
}

const TYPES =
  'started, completed, failed, retrying, skipped, cancelled, stalled, step, progress, log, schedule-repaired';

describe('which listeners are found', () => {
  it('those of providers and controllers, and of their bases', async () => {
    abstract class Base {
      @OnJobEvent('failed') alert() {}
      @OnJobEvent('completed') count() {}
    }
    @Injectable()
    class Alerts extends Base {
      @OnJobEvent(['failed', 'cancelled'], { job: Report }) override alert() {}
    }
    @Controller()
    class Page {
      @OnJobEvent('progress', { job: 'report' }) show() {}
    }
    const found = await listenersOf({ providers: [Report, Alerts], controllers: [Page] });
    expect(found).toEqual([
      { at: 'Alerts.alert', types: ['failed', 'cancelled'], job: 'report' },
      { at: 'Alerts.count', types: ['completed'], job: undefined },
      { at: 'Page.show', types: ['progress'], job: 'report' },
    ]);
  });

  it('what stands in for a class: its own listeners, or none', async () => {
    @Injectable()
    class Alerts {
      @OnJobEvent('failed') alert() {}
    }
    class Quiet extends Alerts {}
    expect(await listenersOf({ providers: [{ provide: Alerts, useClass: Quiet }] })).toHaveLength(1);
    await started!.app.close();
    expect(await listenersOf({ providers: [{ provide: Alerts, useValue: { alert() {} } }] })).toEqual([]);
  });

  it('a producer may name jobs that it does not have', async () => {
    @Injectable()
    class Alerts {
      @OnJobEvent('failed', { job: 'elsewhere' }) alert() {}
    }
    expect(await listenersOf({ providers: [Alerts] }, { roles: new Set(['producer']) })).toMatchObject([
      { job: 'elsewhere' },
    ]);
  });
});

describe('what stops the boot', () => {
  const cases: [what: string, make: () => new () => object, faults: string[]][] = [
    [
      'an unknown event',
      () => {
        class Alerts {
          @OnJobEvent(['complete' as JobEventType, 'failed']) alert() {}
          @OnJobEvent(7 as unknown as JobEventType) other() {}
          @OnJobEvent([]) none() {}
        }
        return Alerts;
      },
      [
        `Alerts.alert: @OnJobEvent(): "complete" is no event. Did you mean "completed"? Allowed: ${TYPES}.`,
        `Alerts.other: @OnJobEvent(): 7 is no event. Allowed: ${TYPES}.`,
        `Alerts.none: @OnJobEvent() names no event. Allowed: ${TYPES}.`,
      ],
    ],
    [
      'an unknown job or option',
      () => {
        class Alerts {
          @OnJobEvent('failed', { job: 'reprot' }) alert() {}
          @OnJobEvent('failed', { job: undefined as never }) circle() {}
          @OnJobEvent('failed', { jbo: 'report' } as never) typo() {}
        }
        return Alerts;
      },
      [
        'Alerts.alert: job: No job "reprot" is registered. Did you mean "report"? Registered: report.',
        "Alerts.circle: job: undefined is no job: give its name, its class, its contract or [provider, 'method']. (An import in a circle gives undefined.)",
        'Alerts.typo: jbo: There is no such option. Did you mean "job"? Known: job.',
      ],
    ],
    [
      'a static method, a symbol, a guard, a job',
      () => {
        const hidden = Symbol('hidden');
        class Allow implements CanActivate {
          canActivate = () => true;
        }
        class Alerts {
          @OnJobEvent('failed') static all() {}
          @OnJobEvent('failed') [hidden]() {}
          @OnJobEvent('failed') @UseGuards(Allow) guarded() {}
          @OnJobEvent('failed') @Job({ name: 'both' }) both() {}
        }
        return Alerts;
      },
      [
        'Alerts.all: @OnJobEvent() cannot stand on a static method. Make it an instance method.',
        'Alerts.Symbol(hidden): @OnJobEvent() cannot stand on a symbol: give the method a name.',
        'Alerts.guarded: A guard has no effect on an @OnJobEvent() method. Remove it.',
        'Alerts.both: It has @OnJobEvent() and is part of a job. Make two methods of it.',
      ],
    ],
  ];

  it.each(cases)('%s', async (_what, make, faults) => {
    const Alerts = make();
    Injectable()(Alerts);
    expect(await faultsOf({ providers: [Report, Alerts] })).toEqual(faults);
  });

  it('a scoped factory, and a guard that is no provider, all told together with the faults of jobs', async () => {
    @Injectable()
    class Alerts {
      @OnJobEvent('failed') alert() {}
    }
    @Injectable()
    class Watch implements CanActivate {
      @OnJobEvent('failed') alert() {}
      canActivate() {
        return true;
      }
    }
    @Controller()
    @UseGuards(Watch)
    class Page {}
    @Job({ name: 'lazy' })
    class Lazy {}
    const factory = { provide: Alerts, useFactory: () => new Alerts(), scope: Scope.REQUEST };
    expect(await faultsOf({ providers: [factory, Lazy], controllers: [Page] })).toEqual([
      'Lazy: It has neither run(payload, ctx) nor @JobStep() methods. Add one of them.',
      expect.stringContaining('Alerts: It has @OnJobEvent() methods, but is provided by a request-scoped or transient'),
      expect.stringContaining('Watch: It has @OnJobEvent() methods, but is known to Nest as a guard'),
    ]);
  });
});
