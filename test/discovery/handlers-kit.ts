/** Apps with one job each, closed after each test, and enhancers that write down when they run. */
import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach } from '@jest/globals';
import { map } from 'rxjs';
import type { JobRegistry } from '#src/discovery/job-registry.js';
import { startApp } from './support.js';

/** What happened, in order. */
export let log: string[];
export let app: TestingModule | undefined;

beforeEach(() => {
  log = [];
});

afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** @param globalEnhancers the option of this name. */
export async function start(metadata: ModuleMetadata, globalEnhancers = false): Promise<JobRegistry> {
  const started = await startApp(metadata, { globalEnhancers });
  app = started.app;
  await started.discover();
  return started.registry;
}

export function guard(name: string, verdict: boolean | Error = true): Type<CanActivate> {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      log.push(`guard ${name} ${context.getType()}`);
      if (verdict instanceof Error) throw verdict;
      return verdict;
    }
  }
  return Guard;
}

export function interceptor(name: string): Type<NestInterceptor> {
  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler) {
      log.push(`before ${name}`);
      return next.handle().pipe(
        map((value: unknown) => {
          log.push(`after ${name}`);
          return value;
        }),
      );
    }
  }
  return Interceptor;
}

export function pipe(name: string): Type<PipeTransform> {
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
      log.push(`pipe ${name} ${type} ${metatype?.name}`);
      return value;
    }
  }
  return Pipe;
}

export function filter(name: string, answer: (error: unknown) => unknown = () => undefined): Type<ExceptionFilter> {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: Error): unknown {
      log.push(`filter ${name} ${error.message}`);
      return answer(error);
    }
  }
  return Filter;
}
