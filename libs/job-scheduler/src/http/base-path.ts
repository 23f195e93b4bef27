import type { ApplicationConfig } from '@nestjs/core';
import { withoutOuterSlashes, type ResolvedHttpOptions } from './http-options.js';

/** Where the API stands in the app, with its global prefix: `/api/v1/monitor`. */
export function basePath(config: ApplicationConfig, { path }: ResolvedHttpOptions): string {
  const prefix = withoutOuterSlashes(config.getGlobalPrefix());
  return prefix === '' ? `/${path}` : `/${prefix}/${path}`;
}
