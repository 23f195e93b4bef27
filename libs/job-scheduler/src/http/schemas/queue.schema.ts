import { z } from 'zod';
import { OVERLAPS } from '../../definition/job-options.js';

export const Queue = z
  .object({
    name: z.string(),
    weight: z.number(),
    max: z.int(),
    paused: z.boolean(),
    counts: z.object({
      pending: z.int(),
      active: z.int(),
      delayed: z.int(),
      completed: z.int(),
      failed: z.int(),
    }),
    deadLetters: z.int(),
    oldestWaitingMs: z.number().optional(),
  })
  .meta({ id: 'MonitorQueue' });
export const Queues = z.object({ items: z.array(Queue) });

export const Target = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    queue: z.string(),
    priority: z.int(),
    enabled: z.boolean(),
    schedules: z.array(z.string()),
    steps: z.array(z.string()),
    maxAttempts: z.int(),
    timeout: z.number(),
    overlap: z.enum(OVERLAPS),
    misfire: z.enum(['once', 'all', 'skip']),
  })
  .meta({ id: 'MonitorTarget', description: 'A job that is registered in code.' });
export const Targets = z.object({ items: z.array(Target) });
