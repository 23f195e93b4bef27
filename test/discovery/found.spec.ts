/** Which providers and methods are jobs. */
import { Injectable, Module, Scope } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineJob } from '#src/definition/define-job.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { attempt, faultsOf } from './support.js';
import { started, startUndiscovered, discover, A, proxy } from './discovery-kit.js';

describe('what is found', () => {
  it('finds classes with run(), classes with steps, and methods, in all modules', async () => {
    @Job({ queue: 'low' })
    class Report {
      @JobStep({ order: 2 }) third() {}
      @JobStep() first() {}
      @JobStep({ name: 'zwei', order: 1, timeout: '5s', retry: 2 }) second() {}
    }
    @Injectable()
    class Mailer {
      @Job() welcome() {}
      @Job({ name: 'bye' }) goodbye() {}
      helper() {}
    }
    @Module({ providers: [Report, Mailer] })
    class Feature {}
    const registry = await discover({ imports: [Feature], providers: [A] });
    expect(registry.names().toSorted()).toEqual(['Mailer.welcome', 'Report', 'a', 'bye']);
    const { definition } = registry.require(Report);
    expect(definition).toMatchObject({ name: 'Report', source: 'Report', queue: 'low', timeout: 300_000 });
    expect(definition.steps).toEqual([
      { name: 'first', method: 'first', timeout: undefined, retry: expect.objectContaining({ max: 0 }) },
      { name: 'zwei', method: 'second', timeout: 5000, retry: expect.objectContaining({ max: 2 }) },
      { name: 'third', method: 'third', timeout: undefined, retry: expect.objectContaining({ max: 0 }) },
    ]);
    expect(registry.require([Mailer, 'goodbye']).definition.source).toBe('Mailer.goodbye');
  });

  it('takes name and schema from a contract', async () => {
    const contract = defineJob('image.resize', { schema: z.object({ url: z.string() }) });
    @Job(contract, { retry: 5 })
    class Resize {
      run(_: { url: string }) {}
    }
    const registry = await discover({ providers: [Resize] });
    const { definition } = registry.require(contract);
    expect(definition).toMatchObject({ name: 'image.resize', schema: contract.schema, retry: { max: 5 } });
    expect(registry.require(Resize).definition).toBe(definition);
  });

  it('skips aliases, and factories that give the instance of another provider', async () => {
    const registry = await discover({
      providers: [A, { provide: 'ALIAS', useExisting: A }, { provide: 'SAME', useFactory: (a: A) => a, inject: [A] }],
    });
    expect(registry.names()).toEqual(['a']);
  });

  it('skips aliases of request-scoped jobs, also under the token of another job', async () => {
    @Job({ name: 'scoped' })
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      run() {}
    }
    const registry = await discover({ providers: [Scoped, { provide: A, useExisting: Scoped }] });
    expect(registry.names()).toEqual(['scoped']);
  });

  it('finds instances that factories and values give, by their class', async () => {
    @Job()
    class Made {
      constructor(readonly word: string) {}
      run() {
        return this.word;
      }
    }
    @Injectable()
    class Given {
      @Job() send() {
        return 'given';
      }
    }
    let outside = false;
    const undiscovered = await startUndiscovered({
      providers: [
        { provide: 'MADE', useFactory: async () => new Made('made') },
        { provide: Given, useValue: new Given() },
        { provide: 'NOTHING', useFactory: () => null },
        { provide: 'PLAIN', useValue: { run: () => 1 } },
        { provide: 'BARE', useValue: Object.create(null) },
        { provide: 'TEXT', useValue: 'x' },
        { provide: 'PROXY', useValue: proxy(() => outside) },
      ],
    });
    outside = true;
    await undiscovered.discover();
    // Nest looks at it when it closes the app.
    outside = false;
    const { registry } = undiscovered;
    expect(registry.names().toSorted()).toEqual(['Given.send', 'Made']);
    expect(await attempt(registry.require(Made), undefined)).toBe('made');
    expect(await attempt(registry.require([Given, 'send']), undefined)).toBe('given');
  });

  it('passes over values that answer to everything, or whose constructor is no class', async () => {
    const answers = (property: PropertyKey): unknown => (property === 'then' ? undefined : () => undefined);
    const universal = new Proxy({}, { get: (_, property) => answers(property) });
    const odd = { constructor: () => undefined };
    const registry = await discover({
      providers: [
        A,
        { provide: 'universal', useValue: universal },
        { provide: 'odd', useValue: odd },
        { provide: 'bare', useValue: Object.create(null) },
      ],
    });
    expect(registry.names()).toEqual(['a']);
  });

  it('leaves out a job whose factory gives nothing', async () => {
    const registry = await discover({ providers: [{ provide: A, useFactory: () => undefined }] });
    expect(registry.names()).toEqual([]);
    expect(() => registry.require(A)).toThrow('The class A declares a job, but no module of this app provides it.');
  });

  it('takes methods of a base class, and its steps before those of the class', async () => {
    abstract class Base {
      @JobStep() open() {}
      @JobStep() close() {}
    }
    @Job()
    class Derived extends Base {
      @JobStep() work() {}
      override open() {
        return 'derived';
      }
    }
    abstract class Sender {
      @Job() send() {}
    }
    @Injectable()
    class MailSender extends Sender {}
    const registry = await discover({ providers: [Derived, MailSender] });
    expect(registry.require(Derived).definition.steps.map(({ name }) => name)).toEqual(['open', 'close', 'work']);
    expect(registry.names()).toContain('MailSender.send');
  });

  it('leaves a base class as it was', async () => {
    class Base {
      @JobStep() one() {}
    }
    @Job()
    class First extends Base {
      @JobStep() two() {}
    }
    @Job()
    class Second extends Base {
      run() {}
      @JobStep() override one() {}
    }
    expect(await faultsOf({ providers: [First] })).toEqual([]);
    expect(await faultsOf({ providers: [Second] })).toEqual([expect.stringContaining('run() and @JobStep()')]);
  });

  it('takes what stands in for a class: useClass, useValue, and what a test overrides', async () => {
    class Fake {
      run() {
        return 'fake';
      }
    }
    @Job({ name: 'own' })
    class Own extends A {}
    const forClass = await discover({ providers: [{ provide: A, useClass: Fake }] });
    expect(await attempt(forClass.require(A), 1)).toBe('fake');
    expect(await attempt(forClass.require(Fake), 1)).toBe('fake');
    await started!.app.close();

    const forOwn = await discover({ providers: [{ provide: A, useClass: Own }] });
    expect(forOwn.names()).toEqual(['own']);
    expect(forOwn.require(A)).toBe(forOwn.require(Own));
    await started!.app.close();

    const overridden = await discover({ providers: [A] }, {}, (builder) => builder.overrideProvider(A).useClass(Fake));
    expect(await attempt(overridden.require(A), 1)).toBe('fake');
    await started!.app.close();

    const byValue = await discover({ providers: [A] }, {}, (builder) =>
      builder.overrideProvider(A).useValue({ run: () => 'value' }),
    );
    expect(await attempt(byValue.require(A), 1)).toBe('value');
  });
});
