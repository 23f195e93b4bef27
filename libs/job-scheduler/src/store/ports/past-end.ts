/** How a job ended, as its queue's events say it. */
export interface PastEnd {
  readonly failedReason?: string;
  readonly returnvalue?: unknown;
}

/** Events that say where a job is. The newest of them counts: one that ended and was added again has not ended. */
export const PLACE_EVENTS = ['added', 'waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const;

export function isPlaceEvent(event: string | undefined): event is (typeof PLACE_EVENTS)[number] {
  return (PLACE_EVENTS as readonly (string | undefined)[]).includes(event);
}

/**
 * Gives nothing for a job whose newest event is no end, nor for one that cannot be read.
 * @param value `returnvalue`, as JSON, or `failedReason`.
 */
export function toPastEnd(event: string, value: string | null | undefined): PastEnd | undefined {
  if (event === 'failed') return { failedReason: value ?? '' };
  if (event !== 'completed') return undefined;
  try {
    return { returnvalue: JSON.parse(value ?? 'null') };
  } catch {
    return undefined;
  }
}
