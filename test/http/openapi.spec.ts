/** The OpenAPI document that `@nestjs/swagger` makes of an app with the HTTP API. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { JobSchedulerHttpModule } from 'nestjs-job-scheduler/http';
import { Api, platforms } from './app.js';

Logger.overrideLogger(false);

const PATHS = {
  '/v1/monitor/jobs': ['get', 'post'],
  '/v1/monitor/jobs/{id}': ['get', 'put', 'delete'],
  '/v1/monitor/jobs/{id}/detail': ['get'],
  '/v1/monitor/jobs/{id}/status': ['put'],
  '/v1/monitor/jobs/{id}/trigger': ['post'],
  '/v1/monitor/jobs/{id}/logs': ['delete'],
  '/v1/monitor/jobs/{id}/logs/stream': ['get'],
  '/v1/monitor/executions': ['get'],
  '/v1/monitor/executions/{id}': ['get'],
  '/v1/monitor/executions/{id}/logs': ['get'],
  '/v1/monitor/executions/{id}/logs/stream': ['get'],
  '/v1/monitor/executions/{id}/retry': ['post'],
  '/v1/monitor/executions/{id}/promote': ['post'],
  '/v1/monitor/executions/{id}/cancel': ['post'],
  '/v1/monitor/events/stream': ['get'],
  '/v1/monitor/queues': ['get'],
  '/v1/monitor/queues/{name}': ['get'],
  '/v1/monitor/queues/{name}/pause': ['post'],
  '/v1/monitor/queues/{name}/resume': ['post'],
  '/v1/monitor/targets': ['get'],
  '/v1/monitor/stats': ['get'],
  '/v1/monitor/stats/{job}': ['get'],
  '/v1/monitor/dead-letters': ['get'],
  '/v1/monitor/dead-letters/retry': ['post'],
  '/v1/monitor/dead-letters/discard': ['post'],
};

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly { name: string; in: string; schema?: object }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>;
}

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  let document: OpenAPIObject;
  let operations: [method: string, path: string, operation: Operation][];
  beforeAll(async () => {
    api = await Api.start({
      platform,
      imports: [JobSchedulerHttpModule.register({ path: 'v2/other', guards: [] })],
      // As an app does it: before it listens.
      prepare: (app) => {
        document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Test').build());
      },
    });
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
        method,
        path,
        operation as Operation,
      ]),
    );
  });
  afterAll(() => api.close());

  it('lists each path, and no other', () => {
    const listed = Object.entries(document.paths).filter(([path]) => path.startsWith('/v1/'));
    expect(Object.fromEntries(listed.map(([path, methods]) => [path, Object.keys(methods)]))).toEqual(PATHS);
  });

  it('is as OpenAPI wants it: each reference leads somewhere, each parameter of a path is said, each id is one', () => {
    expect(document.openapi).toMatch(/^3\./);
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(100);
    for (const reference of new Set(references)) {
      const [, name] = /^"\$ref":"#\/components\/schemas\/(.+)"$/.exec(reference) ?? [];
      expect(Object.keys(document.components?.schemas ?? {})).toContain(name);
    }
    const ids = operations.map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, path, { parameters = [] }] of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
      for (const parameter of parameters) expect(parameter).toMatchObject({ schema: expect.any(Object) });
    }
  });

  it('says of each operation what it does, takes and answers', () => {
    for (const [method, path, { summary, responses }] of operations) {
      expect([method, path, summary]).toEqual([method, path, expect.stringMatching(/^[A-Z].{5,}/)]);
      const statuses = Object.keys(responses);
      expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '500', '503']));
      for (const status of statuses.filter((each) => each >= '400'))
        expect(Object.keys(responses[status]!.content ?? {})).toEqual(['application/problem+json']);
      const done = statuses.filter((each) => each < '300');
      expect(done).toHaveLength(1);
      const types = Object.keys(responses[done[0]!]!.content ?? {});
      const type = path.endsWith('/stream') ? 'text/event-stream' : 'application/json';
      expect([path, ...types]).toEqual([path, ...(done[0] === '204' ? [] : [type])]);
    }
    for (const [method, , { requestBody }] of operations.filter(([, , operation]) => operation.requestBody)) {
      expect(method).toMatch(/^(post|put)$/);
      expect(requestBody).toMatchObject({ content: { 'application/json': { schema: expect.any(Object) } } });
    }
    expect(document.components?.schemas?.['MonitorNewJob']).toMatchObject({
      required: ['jobName', 'invokeTarget', 'cronExpression'],
      additionalProperties: false,
      properties: { status: { type: 'string', enum: ['0', '1'] }, cronExpression: { maxLength: 256 } },
    });
  });

  it('docs/rest.md names the same paths, and the statuses of their answers', async () => {
    const page = await readFile(fileURLToPath(new URL('../../docs/rest.md', import.meta.url)), 'utf8');
    const rows = [...page.matchAll(/^\| (GET|POST|PUT|DELETE) +\| `([^`?]+)[^|]*\|[^|]*\| (\d+) +\|/gm)].map(
      ([, method, path, status]) => `${method} ${path} ${status}`,
    );
    const said = operations
      .filter(([, path]) => path.startsWith('/v1/'))
      .map(([method, path, { responses }]) => {
        const done = Object.keys(responses).find((status) => status < '300');
        return `${method.toUpperCase()} ${path.replace('/v1/monitor/', '').replaceAll(/\{(\w+)\}/g, ':$1')} ${done}`;
      });
    expect(rows.toSorted()).toEqual(said.toSorted());
  });
});
