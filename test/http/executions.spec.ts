/** The HTTP API, the same on Express and on Fastify: executions and dead letters. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Execution, JobDetail } from '#src/http/schemas/execution.schema.js';
import { until } from '../support/until.js';
import { Api, conforming, platforms, problem } from './app.js';

Logger.overrideLogger(false);

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { maxPayload: 2_000 } });
  });
  afterAll(() => api.close());

  describe('executions', () => {
    it('stand in the detail of their job from their start to their end, page by page', async () => {
      const id = await api.create({ invokeTarget: 'endless.job' });
      await api.call('POST', 'queues/default/pause');
      const first = await api.started(`jobs/${id}/trigger`);
      expect((await api.call('GET', `jobs/${id}/detail`)).body).toMatchObject({
        executions: [{ id: first, status: 'pending', scheduleId: id }],
      });
      await api.call('POST', 'queues/default/resume');
      await api.ended(first, 'running');
      expect((await api.call('GET', `jobs/${id}/detail`)).body).toMatchObject({
        executions: [{ id: first, status: 'running', scheduleId: id }],
      });
      await api.call('POST', `executions/${first}/cancel`);
      await api.ended(first, 'cancelled');
      await api.call('PUT', `jobs/${id}`, { invokeTarget: 'my.job' });
      const second = await api.started(`jobs/${id}/trigger`);
      await api.ended(second, 'completed');
      const page = conforming(JobDetail, (await api.call('GET', `jobs/${id}/detail?limit=1`)).body);
      expect(page.executions).toMatchObject([{ id: second }]);
      const rest = await api.call('GET', `jobs/${id}/detail?before=${page.nextExecutions!}`);
      expect(conforming(JobDetail, rest.body).executions).toMatchObject([{ id: first, status: 'cancelled' }]);
    });

    it('a running one is cancelled, with the reason; one that has ended is not', async () => {
      const handle = await api.jobs.enqueue('endless.job', {});
      await api.ended(handle.id, 'running');
      const cancelled = await api.call('POST', `executions/${handle.id}/cancel`, { reason: 'enough' });
      expect([cancelled.status, cancelled.body]).toEqual([200, { id: handle.id, cancelled: true }]);
      expect(await api.ended(handle.id, 'cancelled')).toMatchObject({ reason: 'enough' });
      expect(problem(await api.call('POST', `executions/${handle.id}/cancel`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_ENDED',
      });
      expect(problem(await api.call('POST', `executions/${handle.id}/retry`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_NOT_FAILED',
      });
    });

    it('one that waits for its time says when that is, and is run before it', async () => {
      const { id } = await api.jobs.enqueueIn('my.job', {}, '1h');
      const path = `executions/${id}`;
      const waiting = conforming(Execution, (await api.call('GET', path)).body);
      expect(Date.parse(waiting.runAt!) - Date.parse(waiting.createdAt)).toBeGreaterThan(3_590_000);
      expect(await api.call('POST', `${path}/promote`)).toMatchObject({ status: 202, body: { executionId: id } });
      expect(await api.ended(id, 'completed')).not.toHaveProperty('runAt');
      expect(problem(await api.call('POST', `${path}/promote`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_NOT_DELAYED',
      });
      expect(problem(await api.call('POST', 'executions/nobody/promote'))).toMatchObject({ status: 404 });
    });

    it('a failed one is told without stacks and connection strings, and retried', async () => {
      const { id } = await api.jobs.enqueue('failing.job', {});
      const failed = await api.ended(id, 'failed');
      expect(failed.error?.message).toBe('cannot reach redis://… through https://…@proxy.internal/x');
      expect(failed.attempts).toHaveLength(1);
      expect(failed.attempts[0]).toMatchObject({ error: { message: failed.error?.message } });
      const told = await Promise.all(
        [`executions/${id}`, 'executions?job=failing.job', 'stats', 'stats/failing.job', 'dead-letters'].map(
          async (path) => JSON.stringify((await api.call('GET', path)).body),
        ),
      );
      for (const text of told) {
        expect(text).toContain('redis://…');
        expect(text).not.toMatch(/secret|:pw@|app\.ts|db\.internal|"stack"/);
      }
      expect(await api.started(`executions/${id}/retry`)).toBe(id);
      await until('it has failed again', async () => {
        const { body } = await api.call('GET', `executions/${id}`);
        return body['status'] === 'failed' && (body['attempts'] as unknown[]).length > 1;
      });
    });

    it('that failed for good are listed, retried and discarded as dead letters', async () => {
      const { id } = await api.jobs.enqueue('failing.job', { of: 'letters' });
      await api.ended(id, 'failed');
      await until('it is a dead letter', async () => {
        const { body } = await api.call('GET', 'dead-letters?job=failing.job&queue=default');
        return (body['items'] as { id: string }[]).some((letter) => letter.id === id);
      });
      const retried = await api.call('POST', 'dead-letters/retry', { id });
      expect([retried.status, retried.body]).toEqual([200, { count: 1 }]);
      await until('it has failed again', async () => {
        const { body } = await api.call('GET', 'dead-letters?job=failing.job');
        return (body['items'] as { id: string }[]).some((letter) => letter.id === id);
      });
      const dropped = await api.call('POST', 'dead-letters/discard', { job: 'failing.job' });
      expect(dropped.body['count']).toBeGreaterThanOrEqual(1);
      expect((await api.call('GET', 'dead-letters?job=failing.job')).body).toMatchObject({ items: [] });
    });

    it('that do not exist are not found', async () => {
      for (const [method, path] of [
        ['GET', 'executions/nobody'],
        ['GET', 'executions/nobody/logs'],
        ['POST', 'executions/nobody/retry'],
        ['POST', 'executions/nobody/cancel'],
      ] as const)
        expect(problem(await api.call(method, path))).toMatchObject({ status: 404, code: 'EXECUTION_UNKNOWN' });
    });
  });
});
