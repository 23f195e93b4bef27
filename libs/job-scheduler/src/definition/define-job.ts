import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobContract } from './job-ref.js';

/**
 * A job by its name and types, without its code: producers import the contract, the worker's class takes it as `@Job(contract)`.
 *
 * @example
 * export const sendInvoice = defineJob('invoice.send', { schema: InvoiceSchema });
 * export const resize = defineJob<{ url: string }, Size>('image.resize');
 */
export function defineJob<S extends StandardSchemaV1, R = unknown>(
  name: string,
  options: { schema: S },
): JobContract<StandardSchemaV1.InferInput<S>, StandardSchemaV1.InferOutput<S>, R>;
export function defineJob<P = void, R = unknown>(name: string): JobContract<P, P, R>;
export function defineJob(name: string, options?: { schema: StandardSchemaV1 }): JobContract {
  return Object.freeze(options === undefined ? { jobName: name } : { jobName: name, schema: options.schema });
}
