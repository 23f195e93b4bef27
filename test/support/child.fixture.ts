/** A child for child.long.spec.ts: TypeScript with decorators, our sources under the package's name, Nest's injection. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as library from 'nestjs-job-scheduler';
import { tell } from './tell.js';

@Injectable()
class Inner {}

@Injectable()
class Outer {
  constructor(readonly inner: Inner) {}
}

@Module({ providers: [Inner, Outer] })
class FixtureModule {}

const app = await NestFactory.createApplicationContext(FixtureModule, { logger: false });
if (process.argv[2] === 'throw') throw new Error('thrown by the child');
process.stdout.write('no event\n');
tell('ready', { injected: app.get(Outer).inner instanceof Inner, library: typeof library, argument: process.argv[2] });
process.stdin.setEncoding('utf8').on('data', (line: string) => tell('heard', { line: line.trim() }));
process.on('SIGTERM', () => {
  tell('stopping');
  process.exit(3);
});
