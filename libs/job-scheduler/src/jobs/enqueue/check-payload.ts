import { isDeepStrictEqual } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { copyOfJson, toStorableJson } from '../../common/json.js';
import { checkSchema } from '../../definition/schema.js';
import { PayloadInvalidError, PayloadTooLargeError } from '../../errors/payload-errors.js';

/** A payload as it will be found in the store. */
export interface StoredPayload {
  /** Undefined for no payload. */
  readonly json: string | undefined;
  readonly value: unknown;
}

/**
 * Checks a payload at the edge: that it is JSON, its size, its schema. What is stored is the schema's input, as JSON gives it
 * back: the schema is asked about that, since that is what the worker will find. Whatever the caller does with the payload
 * afterwards changes nothing.
 * @throws PayloadInvalidError, PayloadTooLargeError
 */
export async function checkPayload(
  job: string,
  payload: unknown,
  schema: StandardSchemaV1 | undefined,
  maxPayload: number,
): Promise<StoredPayload> {
  const stored = toStorableJson(payload);
  if (!stored.ok) throw new PayloadInvalidError(job, stored.problem);
  const bytes = stored.json === undefined ? 0 : Buffer.byteLength(stored.json);
  if (bytes > maxPayload) throw new PayloadTooLargeError(job, bytes, maxPayload);
  const kept = { json: stored.json, value: asStored(payload, stored.json) };
  if (!schema) return kept;
  const checked = await checkSchema(schema, copyOfJson(kept.value, kept.json));
  if (checked.ok) return kept;
  throw new PayloadInvalidError(job, `does not fit its schema${hintFor(payload, kept.value)}`, checked.issues);
}

function asStored(payload: unknown, json: string | undefined): unknown {
  if (json === undefined) return undefined;
  return typeof payload === 'object' && payload !== null ? (JSON.parse(json) as unknown) : payload;
}

/** For one whose dates, class instances and the like are something else in the store. */
function hintFor(payload: unknown, stored: unknown): string {
  if (isDeepStrictEqual(payload, stored)) return '';
  return ' as JSON gives it back, where a Date is a text and an instance of a class a plain object; let the schema take that, for example by z.coerce.date()';
}
