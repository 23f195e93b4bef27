import { Module } from '@nestjs/common';
import { TakePulse } from './pulse.job.js';

@Module({ providers: [TakePulse] })
export class PulseModule {}
