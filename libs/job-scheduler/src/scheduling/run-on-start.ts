import { createHash } from 'node:crypto';
import type { JobDefinition } from '../definition/job-definition.js';
import type { Enqueuer } from '../jobs/enqueue/enqueuer.js';
import type { MarkerStore } from '../store/ports/ports.js';

/** Name and schedules: what `runOnStart` takes for the same definition. */
function fingerprint(definition: JobDefinition): string {
  const schedules = definition.schedules.map(({ spec, payload }) => [spec.expression, spec.timezone, payload]);
  return createHash('sha256')
    .update(JSON.stringify([definition.name, schedules]))
    .digest('hex')
    .slice(0, 16);
}

/** Runs jobs with `runOnStart` once per fleet and definition, however many instances boot and however often. */
export async function runOnStart(
  definitions: readonly JobDefinition[],
  markers: MarkerStore,
  enqueuer: Enqueuer,
): Promise<void> {
  const starting = definitions.filter((definition) => definition.runOnStart && definition.enabled);
  await Promise.all(
    starting.map(async (definition) => {
      const key = `run-on-start:${definition.name}:${fingerprint(definition)}`;
      if ((await markers.get(key)) !== undefined) return;
      // Stored after the enqueue: a crash in between repeats it with the same id, which adds nothing.
      await enqueuer.enqueue(definition.name, definition.schedules[0]?.payload, { id: key }, { trigger: 'schedule' });
      await markers.keep(key, 'done');
    }),
  );
}
