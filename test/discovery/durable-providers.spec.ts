/** Instances that jobs of one tenant share. */
import { Inject, Injectable, Scope } from '@nestjs/common';
import { type ContextId, ContextIdFactory, REQUEST } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { JobContext } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { attempt, testContext } from './support.js';
import { start } from './handlers-kit.js';

describe('durable providers', () => {
  afterEach(() => ContextIdFactory.apply(undefined as never));

  it('are made once for each tenant that the strategy of the app finds in the JobContext', async () => {
    const parents = new Map<string, ContextId>();
    const asked = new Set<unknown>();
    ContextIdFactory.apply({
      attach(contextId: ContextId, request: JobContext) {
        asked.add(request);
        const { tenant = '' } = request.metadata;
        if (!parents.has(tenant)) parents.set(tenant, ContextIdFactory.create());
        return {
          resolve: ({ isTreeDurable }) => (isTreeDurable ? parents.get(tenant)! : contextId),
          payload: { tenant },
        };
      },
    });
    let connections = 0;
    let jobs = 0;
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Connection {
      readonly number = ++connections;
      constructor(@Inject(REQUEST) readonly tenant: { tenant: string }) {}
    }
    @Job({ name: 'durable' })
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      readonly number = ++jobs;
      constructor(readonly connection: Connection) {}
      run() {
        return this.connection.tenant.tenant;
      }
    }
    @Job({ name: 'mixed' })
    @Injectable({ scope: Scope.REQUEST })
    class Mixed {
      constructor(
        readonly connection: Connection,
        @Inject(REQUEST) readonly ctx: JobContext,
      ) {}
      run() {
        return [this.connection.tenant.tenant, this.ctx.metadata['tenant']];
      }
    }
    const registry = await start({ providers: [Durable, Mixed, Connection] });
    const ctxs = Array.from({ length: 100 }, (_, i) =>
      Object.assign(testContext('durable', `${i}`), { metadata: { tenant: i % 2 ? 'b' : 'a' } }),
    );
    const run = (name: string) => Promise.all(ctxs.map((ctx) => attempt(registry.require(name), 1, ctx)));
    expect(await run('durable')).toEqual(ctxs.map(({ metadata }) => metadata.tenant));
    expect([jobs, connections]).toEqual([2, 2]);
    expect(asked).toEqual(new Set(ctxs));
    expect(await run('mixed')).toEqual(ctxs.map(({ metadata }) => [metadata.tenant, metadata.tenant]));
    expect(connections).toBe(2);
  });

  it('are made for each attempt where the app has no strategy', async () => {
    @Job({ name: 'durable' })
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      constructor(@Inject(REQUEST) readonly ctx: JobContext) {}
      run(_: unknown, ctx: JobContext) {
        return this.ctx === ctx;
      }
    }
    const registry = await start({ providers: [Durable] });
    expect(await attempt(registry.require('durable'), 1)).toBe(true);
  });
});
