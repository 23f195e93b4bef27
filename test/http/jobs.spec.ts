/** The HTTP API, the same on Express and on Fastify: what jobs are made of, found by and changed with. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobPage } from '#src/http/schemas/job.schema.js';
import { Api, conforming, platforms, problem, curlBody } from './app.js';

Logger.overrideLogger(false);

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { maxPayload: 2_000 } });
  });
  afterAll(() => api.close());

  describe('a job', () => {
    it('takes its codes as they are written, and the job’s own policies where it says nothing', async () => {
      const inherits = await api.create({ invokeTarget: 'strict.job', invokeParams: { day: 'monday' } });
      expect((await api.call('GET', `jobs/${inherits}`)).body).toMatchObject({
        misfirePolicy: '2',
        concurrent: '1',
        overlap: 'wait',
      });
      const said = await api.create({
        id: `said-${platform}`,
        misfirePolicy: '1',
        concurrent: '1',
        timezone: 'Europe/Berlin',
        cronExpression: 'every 15m',
        remark: 'by hand',
        status: '1',
        invokeParams: null,
      });
      expect((await api.call('GET', `jobs/${said}`)).body).toMatchObject({
        id: `said-${platform}`,
        misfirePolicy: '1',
        concurrent: '1',
        overlap: 'skip',
        timezone: 'Europe/Berlin',
        cronExpression: 'every 15m',
        remark: 'by hand',
        status: '1',
        invokeParams: null,
      });
      expect(await api.schedules.get(said)).toMatchObject({ misfire: 'all', overlap: 'skip', payload: undefined });
      expect(problem(await api.call('POST', 'jobs', { ...curlBody, id: said }))).toMatchObject({
        status: 409,
        code: 'SCHEDULE_EXISTS',
      });
    });

    it('changes in what is said, and in nothing else', async () => {
      const id = await api.create({ invokeTarget: 'strict.job', invokeParams: { day: 'monday' } });
      const { body: read } = await api.call('GET', `jobs/${id}`);
      const changed = await api.call('PUT', `jobs/${id}`, { ...read, cronExpression: '30 1 * * *', remark: 'later' });
      expect(changed.status).toBe(200);
      expect(changed.body).toEqual({
        ...read,
        cronExpression: '30 1 * * *',
        remark: 'later',
        version: 2,
        updatedAt: expect.any(String),
      });
      // What was only sent back goes on to follow the registered job.
      expect(await api.schedules.get(id)).toMatchObject({ misfire: undefined, overlap: undefined, remark: 'later' });
      const concurrent = await api.call('PUT', `jobs/${id}`, { ...changed.body, concurrent: '0' });
      expect(concurrent.body).toMatchObject({ concurrent: '0', overlap: 'allow', version: 3 });
      const same = await api.call('PUT', `jobs/${id}`, concurrent.body);
      expect([same.status, same.headers.get('etag'), same.body]).toEqual([200, '"3"', concurrent.body]);
      const partial = await api.call('PUT', `jobs/${id}`, {
        invokeParams: { day: 'tuesday' },
        jobName: 'Tuesdays',
        jobGroup: 'WEEKLY',
        misfirePolicy: '1',
        overlap: 'replace',
        timezone: 'Asia/Tokyo',
        status: '1',
        remark: null,
      });
      expect(partial.body).toMatchObject({
        invokeTarget: 'strict.job',
        invokeParams: { day: 'tuesday' },
        jobName: 'Tuesdays',
        jobGroup: 'WEEKLY',
        misfirePolicy: '1',
        concurrent: '1',
        overlap: 'replace',
        timezone: 'Asia/Tokyo',
        status: '1',
        remark: '',
        version: 4,
      });
      const moved = await api.call('PUT', `jobs/${id}`, { invokeTarget: 'my.job', invokeParams: null });
      expect(moved.body).toMatchObject({ invokeTarget: 'my.job', invokeParams: null });
    });

    it('that code declares is switched, not changed or deleted', async () => {
      const path = 'jobs/code:code.job';
      const { body: read } = await api.call('GET', path);
      expect(read).toMatchObject({
        id: 'code:code.job',
        source: 'code',
        jobName: 'code.job',
        cronExpression: '0 2 * * *',
      });
      const disabled = await api.call('PUT', path, { ...read, status: '1' });
      expect([disabled.status, disabled.body['status']]).toEqual([200, '1']);
      for (const change of [{ cronExpression: '0 3 * * *' }, { status: '0', remark: 'mine' }, { jobName: 'mine' }])
        expect(problem(await api.call('PUT', path, change))).toMatchObject({ status: 409, code: 'SCHEDULE_OWNED' });
      expect(problem(await api.call('DELETE', path))).toMatchObject({ status: 409, code: 'SCHEDULE_OWNED' });
      const enabled = await api.call('PUT', `${path}/status`, { status: '0' });
      expect(enabled.body).toMatchObject({ status: '0', version: Number(read['version']) + 2 });
      const executionId = await api.started(`${path}/trigger`, {});
      await api.ended(executionId, 'completed');
    });

    it('is found by its name, group, target and status, page by page', async () => {
      const made: string[] = [];
      for (const number of [1, 2, 3, 4, 5])
        made.unshift(await api.create({ jobGroup: 'PAGED', jobName: `Page ${number}`, status: String(number % 2) }));
      const seen: string[] = [];
      let next: string | undefined;
      do {
        const query = `jobs?jobGroup=PAGED&limit=2${next === undefined ? '' : `&after=${next}`}`;
        const page = conforming(JobPage, (await api.call('GET', query)).body);
        expect(page.total).toBe(5);
        seen.push(...page.items.map(({ id }) => id));
        next = page.next;
        // Made meanwhile: it stands before all pages that are yet to come.
        if (seen.length === 2) await api.call('DELETE', `jobs/${await api.create({ jobGroup: 'PAGED' })}`);
      } while (next !== undefined);
      expect(seen).toEqual(expect.arrayContaining(made));
      expect(new Set(seen).size).toBe(5);
      for (const [query, names] of [
        ['jobName=pAGe%203', ['Page 3']],
        ['jobGroup=PAGED&status=0', ['Page 4', 'Page 2']],
        ['jobGroup=PAGED&invokeTarget=my.job&status=1&jobName=5', ['Page 5']],
        ['jobGroup=PAGED&invokeTarget=strict.job', []],
        ['jobGroup=NOBODY', []],
      ] as const) {
        const page = conforming(JobPage, (await api.call('GET', `jobs?${query}`)).body);
        expect(page.items.map(({ jobName }) => jobName).toSorted()).toEqual([...names].toSorted());
        expect(page).toMatchObject({ total: names.length });
        expect(page).not.toHaveProperty('next');
      }
    });
  });

  describe('If-Match', () => {
    it('refuses what was changed since it was read, and changes nothing', async () => {
      const id = await api.create();
      const stale = { 'if-match': '"1"' };
      await api.call('PUT', `jobs/${id}`, { remark: 'mine' }, stale);
      for (const [method, path, body] of [
        ['PUT', '', { remark: 'theirs' }],
        ['PUT', '', { remark: 'mine' }],
        ['PUT', '', {}],
        ['PUT', '/status', { status: '1' }],
        ['PUT', '/status', { status: '0' }],
        ['DELETE', '', undefined],
      ] as const)
        expect(problem(await api.call(method, `jobs/${id}${path}`, body, stale))).toMatchObject({
          status: 412,
          code: 'SCHEDULE_CONFLICT',
          detail: expect.stringContaining('is of version 2, not 1'),
        });
      expect((await api.call('GET', `jobs/${id}`)).body).toMatchObject({ remark: 'mine', status: '0', version: 2 });
    });

    it.each([
      ['"1", "2"', 200, 200],
      ['*', 200, 200],
      ['"7", W/"1"', 412, 412],
      ['W/"1"', 412, 412],
      ['"other"', 412, 412],
      ['"1"', 200, 412],
      ['1', 400, 400],
      ['"1', 400, 400],
      ['', 400, 400],
      ['"1" "2"', 400, 400],
    ])('%s is read as RFC 9110 says: %d for a first change, %d for a second', async (ifMatch, ...statuses) => {
      const id = await api.create();
      const conditional = { 'if-match': ifMatch };
      const answers = [
        await api.call('PUT', `jobs/${id}`, { remark: 'x' }, conditional),
        await api.call('PUT', `jobs/${id}/status`, { status: '1' }, conditional),
      ];
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      const refused = answers.filter(({ status }) => status === 400).map(problem);
      expect(refused.map(({ code, errors }) => [code, errors?.[0]?.header])).toEqual(
        refused.map(() => ['REQUEST_INVALID', 'If-Match']),
      );
      expect((await api.call('DELETE', `jobs/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
    });
  });
});
