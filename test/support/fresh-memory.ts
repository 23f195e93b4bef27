/** Memory of its own for the stores of one test. */
import { openMemory, type OpenMemory } from '#bullmq-memory/extend';
import type { Clock } from '#src/common/clock.js';
import { randomPrefix } from './prefix.js';

export const freshMemory = (clock: Clock): OpenMemory => openMemory(randomPrefix(), clock);
