import { describe, expect, it } from '@jest/globals';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { z } from 'zod';
import { checkSchema } from './schema.js';

function schemaOf(validate: (value: unknown) => unknown): StandardSchemaV1 {
  return {
    '~standard': { version: 1, vendor: 'test', validate: validate as StandardSchemaV1['~standard']['validate'] },
  };
}

const refused = (message: string) => ({ ok: false, issues: [{ path: '', message: expect.stringContaining(message) }] });

describe('checkSchema', () => {
  const zod = z.object({ to: z.string(), width: z.coerce.number().default(100), tags: z.array(z.string()).optional() });
  const valibot = v.object({ to: v.string(), tags: v.optional(v.array(v.string())) });
  const zodAsync = z.object({ to: z.string().refine(async (to) => to.includes('@'), 'no address') });

  it('gives the output of the schema', async () => {
    expect(await checkSchema(zod, { to: 'a', width: '7' })).toEqual({ ok: true, value: { to: 'a', width: 7 } });
    expect(await checkSchema(zod, { to: 'a' })).toEqual({ ok: true, value: { to: 'a', width: 100 } });
    expect(await checkSchema(valibot, { to: 'a' })).toEqual({ ok: true, value: { to: 'a' } });
    expect(await checkSchema(z.undefined(), undefined)).toEqual({ ok: true, value: undefined });
  });

  it.each([
    ['zod', zod],
    ['valibot', valibot],
  ])('gives all issues of %s with their paths', async (_, schema) => {
    const answer = await checkSchema(schema, { to: 5, tags: ['a', 1] });
    expect(answer).toEqual({
      ok: false,
      issues: [
        { path: 'to', message: expect.any(String) },
        { path: 'tags[1]', message: expect.any(String) },
      ],
    });
  });

  it('waits for async schemas', async () => {
    expect(await checkSchema(zodAsync, { to: 'a@b' })).toEqual({ ok: true, value: { to: 'a@b' } });
    expect(await checkSchema(zodAsync, { to: 'a' })).toEqual({
      ok: false,
      issues: [{ path: 'to', message: 'no address' }],
    });
  });

  it.each<[string, (value: unknown) => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('bad rule');
      },
      'could not check the value: bad rule',
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
      'could not check the value: Thrown: undefined',
    ],
    ['rejects', () => Promise.reject(new Error('no database')), 'could not check the value: no database'],
    ['answers nothing', () => undefined, 'could not check the value'],
    ['answers an empty object', () => ({}), 'it gave neither a value nor issues'],
    ['refuses without an issue', () => ({ issues: [] }), 'does not say why'],
    ['gives issues that are no list', () => ({ issues: 5 }), 'could not check the value'],
  ])('takes a schema that %s for a refusal', async (_, validate, message) => {
    expect(await checkSchema(schemaOf(validate), 1)).toEqual(refused(message));
  });

  it('reads every form of path', async () => {
    const issues = [{ message: 'm', path: ['a', { key: 0 }, { key: 'b c' }, Symbol('s')] }, { message: 'n' }];
    expect(
      await checkSchema(
        schemaOf(() => ({ issues })),
        1,
      ),
    ).toEqual({
      ok: false,
      issues: [
        { path: 'a[0]["b c"][Symbol(s)]', message: 'm' },
        { path: '', message: 'n' },
      ],
    });
  });
});
