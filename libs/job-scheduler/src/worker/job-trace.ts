import { type JobJson, TelemetryAttributes } from 'bullmq';
import type { FetchedJob } from './fetch-result.js';

/** What BullMQ's own worker says of a job in its span. */
export function spanAttributes({ id, json }: FetchedJob, workerId: string, workerName: string) {
  return {
    [TelemetryAttributes.WorkerId]: workerId,
    [TelemetryAttributes.WorkerName]: workerName,
    [TelemetryAttributes.JobId]: id,
    [TelemetryAttributes.JobName]: json.name,
    [TelemetryAttributes.JobAttemptsMade]: json.attemptsMade,
  };
}

/** BullMQ puts the next job of a schedule into the trace of the one before it: all its fires would be one trace, for ever. */
export function withoutTrace(json: JobJson): JobJson {
  return { ...json, opts: { ...json.opts, telemetry: { omitContext: true } } };
}
