import type { StandardSchemaV1 } from '@standard-schema/spec';
import { toStorableJson } from '../definition/json.js';
import { checkSchema } from '../definition/schema.js';
import { PayloadInvalidError, PayloadTooLargeError } from '../errors/payload-errors.js';

/**
 * Checks a payload at the edge: its schema, that it is JSON, its size. What is stored is the schema's input.
 * Gives the payload's JSON; undefined for no payload.
 * @throws PayloadInvalidError, PayloadTooLargeError
 */
export async function checkPayload(
  job: string,
  payload: unknown,
  schema: StandardSchemaV1 | undefined,
  maxPayload: number,
): Promise<string | undefined> {
  const stored = toStorableJson(payload);
  if (!stored.ok) throw new PayloadInvalidError(job, stored.problem);
  const bytes = stored.json === undefined ? 0 : Buffer.byteLength(stored.json);
  if (bytes > maxPayload) throw new PayloadTooLargeError(job, bytes, maxPayload);
  if (!schema) return stored.json;
  const checked = await checkSchema(schema, payload);
  if (!checked.ok) throw new PayloadInvalidError(job, 'does not fit its schema', checked.issues);
  return stored.json;
}
