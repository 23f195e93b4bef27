import { randomBytes } from 'node:crypto';

/** A namespace that no other test uses. Letters and digits only: fit for Redis keys, SQL schemas and directories. */
export const randomPrefix = (): string => `t${randomBytes(6).toString('hex')}`;
